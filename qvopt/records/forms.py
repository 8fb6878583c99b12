"""What the fields of an event must be: a journal that another program wrote, or mended, is checked.

A checksum says that a line is what was written, and not that it was written right. Each type of
event has its fields here, those that may be missing in brackets; fields beside them are left alone,
as later versions may have more. Arrays are looked at where they are decoded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

Form = Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63


def _number(value: Any) -> bool:
    return (type(value) is float and math.isfinite(value)) or _whole(value)


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _true_or_false(value: Any) -> bool:
    return isinstance(value, bool)


def _table(value: Any) -> bool:
    return isinstance(value, dict)


def _tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) for v in value)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(v, str) for v in value)


def _array(value: Any) -> bool:
    return isinstance(value, list | dict)


def _or_null(form: Form) -> Form:
    return lambda value: value is None or form(value)


def _numbers_or_null(value: Any) -> bool:
    return isinstance(value, dict) and all(v is None or _number(v) for v in value.values())


def _whole_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(_whole(v) for v in value)


_ENERGY: Final = _or_null(_number)

_WRITTEN: Final[Mapping[str, Mapping[str, Form]]] = {
    "begin": {
        "experiment": _text,
        "hamiltonian": _text,
        "references": _numbers_or_null,
        "label": _text,
        "[kind]": _text,
        "[task]": _text,
        "[problem]": _table,
    },
    "round": {
        "role": _text,
        "round": _whole,
        "cost": _table,
        "[queries]": _tables,
        "[answers]": _tables,
        "[calibrations]": _tables,
        "[calibration]": _table,
        "[renewed]": _true_or_false,
        "[readings]": _table,
    },
    "step": {
        "step": _whole,
        "energy": _ENERGY,
        "variance": _ENERGY,
        "exact": _ENERGY,
        "gradient_norm": _ENERGY,
        "shots": _whole,
        "evaluations": _whole,
        "[note]": _text,
    },
    "grow": {"operators": _texts},
    "end": {
        "status": _text,
        "step": _whole,
        "x": _array,
        "energy": _ENERGY,
        "variance": _ENERGY,
        "exact": _ENERGY,
        "[average]": _or_null(_table),
        "drift": _number,
        "message": _text,
        "[state]": _or_null(_numbers_or_null),
        "[final]": _or_null(_table),
    },
    "job": {
        "key": _text,
        "state": _text,
        "[time]": _number,
        "[id]": _or_null(_text),
        "[qpu_seconds]": _number,
        "[money]": _ENERGY,
        "[file]": _or_null(_text),
        "[sha256]": _text,
        "[reason]": _text,
    },
}
_INTENT: Final[Mapping[str, Form]] = {
    "round": _whole_numbers, "part": _whole, "attempt": _whole, "time": _number, "circuits": _whole,
    "shots": _whole, "qpu_seconds": _number, "money": _ENERGY,
}  # fmt: skip


_Fields = tuple[tuple[str, bool, Form], ...]


def _fields(written: Mapping[str, Form]) -> _Fields:
    """Each field's name, whether it may be missing, and its form."""
    return tuple((name.strip("[]"), name[0] == "[", form) for name, form in written.items())


_FIELDS: Final[Mapping[str, _Fields]] = {kind: _fields(w) for kind, w in _WRITTEN.items()}
_INTENT_FIELDS: Final = _fields({**_WRITTEN["job"], **_INTENT})
_ATTEMPT_FIELDS: Final = _fields({**_WRITTEN["job"], "time": _number})
_JOB_FIELDS: Final = {"intent": _INTENT_FIELDS, "attempt": _ATTEMPT_FIELDS}


def form_fault(event: Mapping[str, Any]) -> str:
    """What is wrong with the fields of an event, such as `its step has no "shots"`; else empty."""
    kind = event["type"]
    if not _number(event.get("seconds", 0)):
        return '"seconds" is not a number'
    fields = _FIELDS.get(kind, ())
    if kind == "job" and _text(event.get("state")):
        fields = _JOB_FIELDS.get(event["state"], fields)
    for key, optional, form in fields:
        if key not in event:
            if not optional:
                return f'its {kind} has no "{key}"'
        elif not form(event[key]):
            return f'"{key}" of its {kind} is of a wrong kind'
    return ""
