"""Learning rates that change with the step: factors f(t), t = 0 for the first step."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError, unknown_name

from .protocol import Transform
from .validation import count, not_negative, positive

Schedule: TypeAlias = Callable[[int], float]


def constant(value: float = 1.0) -> Schedule:
    """f(t) = value."""
    not_negative("value", value)
    return lambda t: value


def step_decay(every: int, factor: float = 0.5) -> Schedule:
    """f(t) = factor^⌊t / every⌋."""
    count("every", every)
    positive("factor", factor)
    return lambda t: float(factor ** (t // every))


def exponential(steps: int, final: float = 0.01) -> Schedule:
    """f(t) = final^(t / steps), which goes on falling after `steps`."""
    count("steps", steps)
    positive("final", final)
    return lambda t: float(final ** (t / steps))


def cosine(steps: int, final: float = 0.0) -> Schedule:
    """f(t) = final + (1 - final) (1 + cos π t / steps) / 2, then `final`.

    Reference: I. Loshchilov, F. Hutter, arXiv:1608.03983 (without restarts).
    """
    count("steps", steps)
    not_negative("final", final)

    def value(t: int) -> float:
        return final + (1 - final) * (1 + math.cos(math.pi * min(t / steps, 1.0))) / 2

    return value


def inverse_time(steps: int, power: float = 1.0) -> Schedule:
    """f(t) = (1 + t / steps)^(-power); powers in (1/2, 1] satisfy Robbins and Monro's conditions.

    Reference: H. Robbins, S. Monro, Ann. Math. Stat. 22, 400 (1951).
    """
    count("steps", steps)
    positive("power", power)
    return lambda t: float((1 + t / steps) ** -power)


def warm_up(steps: int, then: Schedule | None = None) -> Schedule:
    """f(t) = (t + 1) / (steps + 1) for t < steps, then `then(t - steps)` (1 without)."""
    count("steps", steps)
    after = then or constant()
    return lambda t: (t + 1) / (steps + 1) if t < steps else after(t - steps)


_NAMED: Final[dict[str, Callable[[int], Schedule]]] = {
    "constant": lambda steps: constant(),
    "step": lambda steps: step_decay(max(1, steps // 4)),
    "exponential": lambda steps: exponential(steps),
    "cosine": lambda steps: cosine(steps),
    "inverse-time": lambda steps: inverse_time(max(1, steps // 10)),
}


def get_schedule(name: str, steps: int, warm_up_steps: int = 0) -> Schedule:
    """Return a schedule by name, shaped to a run of `steps` steps.

    - "constant";
    - "step": halved four times;
    - "exponential": to a hundredth at the end;
    - "cosine": to zero at the end;
    - "inverse-time": 1 / (1 + 10 t / steps).

    The first `warm_up_steps` rise linearly. Raises InputError for an unknown name.
    """
    if name not in _NAMED:
        raise unknown_name("schedule", name, tuple(_NAMED))
    count("schedule_steps", steps)
    if isinstance(warm_up_steps, bool) or not isinstance(warm_up_steps, int) or warm_up_steps < 0:
        raise InputError(f"warm_up must be a whole number >= 0, got {warm_up_steps!r}")
    schedule = _NAMED[name](steps)
    return warm_up(warm_up_steps, schedule) if warm_up_steps else schedule


def scale_by_schedule(schedule: Schedule, factor: float = 1.0) -> Transform:
    """u <- factor · f(t) · u; a descent ends with scale_by_schedule(f, -learning_rate)."""

    def init(x: FloatArray, /) -> int:
        return 0

    def update(
        updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, int]:
        return factor * schedule(state) * updates, state + 1

    return Transform(init, update)
