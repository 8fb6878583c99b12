"""Where hyper-parameters are usually looked for, and the settings that a search tries."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from qvopt.optimizers.registry import describe
from qvopt_molecules.errors import InputError, unknown_name

from .specification import Choices, EntrantSpec, SearchRange

SHOTS: Final = "shots"
"""Searched like a hyper-parameter: the shots of one energy."""

_RATE: Final = {"learning_rate": SearchRange(low=5e-4, high=0.2)}
_LONG_RATE: Final = {"learning_rate": SearchRange(low=5e-3, high=0.5)}
_SHORT_RATE: Final = {"learning_rate": SearchRange(low=2e-4, high=0.05)}
_FIRST_STEP: Final = {"first_step": SearchRange(low=0.01, high=0.3)}

SPACES: Final[dict[str, Mapping[str, Choices]]] = {
    "gradient-descent": _LONG_RATE,
    "momentum": _SHORT_RATE,
    "nesterov": _SHORT_RATE,
    "adagrad": _LONG_RATE,
    "adadelta": {"learning_rate": SearchRange(low=0.1, high=10.0)},
    "lion": _SHORT_RATE,
    "qng": _LONG_RATE,
    "l-bfgs": _FIRST_STEP,
    "recycled-bfgs": _FIRST_STEP,
    "noise-aware-l-bfgs": {
        "max_step": SearchRange(low=0.02, high=0.5),
        "averaging": (0.0, 0.5, 0.8),
    },
    "spsa": {
        "perturbation": SearchRange(low=0.02, high=0.4),
        "target_step": SearchRange(low=2e-4, high=0.02),
    },
    "qn-spsa": {
        "learning_rate": SearchRange(low=5e-4, high=0.1),
        "regularization": SearchRange(low=0.01, high=1.0),
    },
    "rotosolve": {"significance": SearchRange(low=0.0, high=3.0, linear=True)},
    "excitation-solve": {"significance": SearchRange(low=0.0, high=3.0, linear=True)},
    "cobyla": _FIRST_STEP,
    "nelder-mead": _FIRST_STEP,
    "bobyqa": _FIRST_STEP,
    "cma-es": {"step": SearchRange(low=0.005, high=0.3)},
}
"""By optimizer; the others that have a learning rate take it from 0.0005 to 0.2."""


def search_space(entrant: EntrantSpec) -> Mapping[str, Choices]:
    """Return where an optimizer's hyper-parameters are searched.

    Ranges come before lists, each in the order given: a folder's file, which has lists first as
    TOML wants it, then means the same search as the file that it was made from.

    Raises InputError where it has none, or for one that it does not have.
    """
    entry = describe(entrant.name)
    space: Mapping[str, Choices] = dict(
        sorted(entrant.search.items(), key=lambda item: not isinstance(item[1], SearchRange))
    )
    if not space:
        space = dict(SPACES.get(entry.name, _RATE if "learning_rate" in entry.defaults else {}))
    if not space:
        raise InputError(
            f"optimizer {entry.name} has no usual range to search; name one: "
            f"search = {{{next(iter(entry.defaults), 'NAME')} = {{low = …, high = …}}}}"
        )
    for key, choices in space.items():
        if key == SHOTS:
            _check_shots(entrant, choices)
            continue
        if key not in entry.defaults and not entry.open_ended:
            raise unknown_name(f"hyper-parameter of {entry.name}", key, entry.defaults)
        if key in entrant.options:
            raise InputError(f"optimizer {entry.name}: {key} is both given and searched")
        if not isinstance(choices, SearchRange) and not choices:
            raise InputError(f"optimizer {entry.name}: search.{key} is empty")
    return space


def _check_shots(entrant: EntrantSpec, choices: Choices) -> None:
    if entrant.shots is not None:
        raise InputError(f"optimizer {entrant.name}: shots are both given and searched")
    if isinstance(choices, SearchRange):
        least = choices.low
    elif choices and all(isinstance(c, int) and not isinstance(c, bool) for c in choices):
        least = min(float(c) for c in choices)
    else:
        raise InputError(f"optimizer {entrant.name}: search.shots must hold whole numbers")
    if least < 1:
        raise InputError(f"optimizer {entrant.name}: search.shots must be 1 or more, got {least:g}")


def trial_options(entrant: EntrantSpec, trials: int) -> list[dict[str, Any]]:
    """Return the settings of a search: the defaults, then random ones, drawn from the name alone.

    Ranges are sampled in strata: with k trials each k-th of a range holds one. Repeats are left
    out where everything is chosen from lists.
    """
    space = search_space(entrant)
    name = hashlib.sha256(f"{entrant.name} {sorted(space)}".encode()).digest()
    rng = np.random.default_rng(np.random.SeedSequence(list(name)))
    count = trials - 1
    columns: dict[str, list[Any]] = {}
    for key, choices in space.items():
        if isinstance(choices, SearchRange):
            u = (rng.permutation(count) + rng.random(count)) / count
            values = [_at(choices, float(v)) for v in u]
            columns[key] = [round(v) for v in values] if key == SHOTS else values
        else:
            columns[key] = [choices[k % len(choices)] for k in rng.permutation(count)]
    settings = [
        {},
        *(dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)),
    ]
    out: list[dict[str, Any]] = []
    for setting in settings:
        if setting not in out:
            out.append(setting)
    return [{**entrant.options, **setting} for setting in out]


def _at(where: SearchRange, u: float) -> float:
    """The value at share u of the range, to three digits: people will write it down."""
    if where.linear:
        value = where.low + u * (where.high - where.low)
    else:
        value = math.exp(math.log(where.low) + u * math.log(where.high / where.low))
    return float(f"{value:.3g}")
