"""Objects of Python that a description can only name: by "module:attribute", or by their source.

A lambda or a device cannot be rebuilt from a folder. It is recorded as "object:NAME" with the hash
of its source, found again in this process, and asked for in another one.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.util
import inspect
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from .errors import InputError, shown

OBJECT: Final = "object:"
_OBJECTS: Final[dict[tuple[str, str], Any]] = {}
_DEEPEST: Final = 8
_IMPORTED: Final = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")


def record_object(thing: Any) -> dict[str, str]:
    """Return the name of an object, and the hash of its source, that an experiment records.

    What another process can import is recorded as "module:attribute"; anything else is remembered
    for this process.
    """
    imported = _importable(thing)
    if imported is not None:
        return {"name": imported}
    spec = {"name": OBJECT + _label(thing), "source": source_hash(thing)}
    _OBJECTS[spec["name"], spec["source"]] = thing
    return spec


def is_recorded(name: str) -> bool:
    """Whether a name stands for an object: object:NAME or module:attribute."""
    if not isinstance(name, str):
        raise InputError(f"a name is text, got {shown(name)}")
    return name.startswith(OBJECT) or bool(_IMPORTED.fullmatch(name))


def recorded_object(name: str, source: str | None, kind: str) -> Any:
    """Return what `record_object` recorded.

    Args:
        name: "object:NAME" or "module:attribute"; modules are also looked for in the working
            directory.
        source: hash of the source, of the former.
        kind: "optimizer" or "ansatz", for the message.

    Raises InputError where it is not at hand.
    """
    if not name.startswith(OBJECT):
        return _imported(name, kind)
    try:
        return _OBJECTS[name, source or ""]
    except KeyError:
        label = name.removeprefix(OBJECT)
        raise InputError(
            f"the {kind} '{label}' came in as an object of Python and is not in this process: hand "
            f"it over again, Session.resume(path, {kind}=...) or run(..., {kind}=...); or give it "
            f"as 'module:attribute'"
        ) from None


def _imported(name: str, kind: str) -> Any:
    module, _, attribute = name.partition(":")
    added = os.getcwd() not in sys.path
    if added:
        sys.path.insert(0, os.getcwd())
    try:
        thing: Any = importlib.import_module(module)
        for part in attribute.split("."):
            thing = getattr(thing, part)
    except Exception as error:  # whatever a user's module raises
        where = (
            "; run where it can be imported, or set PYTHONPATH"
            if isinstance(error, ModuleNotFoundError)
            else ""
        )
        raise InputError(f"the {kind} {name} does not load: {_one_line(error)}{where}") from None
    finally:
        if added:
            sys.path.remove(os.getcwd())
    return thing


def _one_line(error: Exception) -> str:
    return (" ".join(str(error).split()) or type(error).__name__)[:200]


def _importable(thing: Any) -> str | None:
    """ "module:attribute" where another process would import the same object."""
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str) or "<" in name:
        return None
    if module in ("__main__", "builtins") or module not in sys.modules:
        return None
    found: Any = sys.modules[module]
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is not thing or not _has_file_on_path(module):
        return None
    return f"{module}:{name}"


def _has_file_on_path(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _label(thing: Any) -> str:
    if isinstance(thing, functools.partial):
        return _label(thing.func)
    name = getattr(thing, "__qualname__", None) or type(thing).__qualname__
    return re.sub(r"[^\w.-]+", "", name.replace("<locals>.", "").replace("<lambda>", "lambda"))[:60]


def source_hash(thing: Any) -> str:
    """SHA-256 over the source of an object, and over the values that it closes over or holds.

    Code of installed packages counts by its name alone.
    """
    digest = hashlib.sha256()
    for part in _parts(thing, 0, set()):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


def _parts(thing: Any, depth: int, seen: set[int]) -> list[str]:
    if thing is None or isinstance(thing, bool | int | float | complex | str | bytes):
        return [repr(thing)]
    if isinstance(thing, np.ndarray | np.generic):
        return [str(thing.dtype), str(np.shape(thing)), np.asarray(thing).tobytes().hex()]
    if id(thing) in seen or depth > _DEEPEST:
        return ["…"]
    seen = seen | {id(thing)}

    def inner(values: Any) -> list[str]:
        return [part for value in values for part in _parts(value, depth + 1, seen)]

    if isinstance(thing, Mapping):
        return ["{", *inner(x for item in thing.items() for x in item), "}"]
    if isinstance(thing, Sequence | set | frozenset):
        items = list(thing) if isinstance(thing, Sequence) else sorted(thing, key=repr)
        return [type(thing).__qualname__, "[", *inner(items), "]"]
    if isinstance(thing, functools.partial):
        return ["partial", *inner((thing.func, thing.args, thing.keywords))]
    if inspect.ismethod(thing):
        return ["method", thing.__name__, *inner((thing.__self__,))]
    if inspect.isfunction(thing):
        cells = [c.cell_contents for c in thing.__closure__ or () if _is_filled(c)]
        return [_text(thing), *inner((cells, thing.__defaults__, thing.__kwdefaults__))]
    if isinstance(thing, type):
        return [_text(thing)]
    if callable(thing) and not _holds_state(thing):
        return [f"{getattr(thing, '__module__', '')}:{getattr(thing, '__qualname__', '')}"]
    held = vars(thing) if _holds_state(thing) else {}
    return [_text(type(thing)), *inner((dict(sorted(held.items(), key=lambda i: str(i[0]))),))]


def _holds_state(thing: Any) -> bool:
    return isinstance(getattr(thing, "__dict__", None), dict)


def _is_filled(cell: Any) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _text(thing: Any) -> str:
    """The source of a function or class of the user's; the name of an installed one."""
    name = f"{thing.__module__}:{thing.__qualname__}"
    module = sys.modules.get(thing.__module__)
    file = getattr(module, "__file__", None) or ""
    if "site-packages" in file or thing.__module__.partition(".")[0].startswith("qvopt"):
        return name
    try:
        return f"{thing.__qualname__} {inspect.getsource(thing)}"
    except (OSError, TypeError):
        code = getattr(thing, "__code__", None)
        return name if code is None else f"{name} {code.co_code.hex()} {code.co_names}"
