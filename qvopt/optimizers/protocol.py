"""What an optimizer is: a generator of rounds of queries, which is sent their answers.

    def gradient_descent(x, *, learning_rate=0.1):
        while True:
            (g,) = yield [Gradient(x)]
            x = x - learning_rate * g.value
            yield Iterate(x)

Queries and answers are plain data. The optimizer knows nothing of circuits: the same generator
runs on any function (`qvopt.optimizers.minimize`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Purpose = Literal["energy", "gradient", "metric", "line-search", "calibration", "monitor", "final"]


@dataclass(frozen=True, eq=False)
class Energy:
    """Ask for the energy at x, with `shots` in total (None: as the experiment says)."""

    x: FloatArray
    shots: int | None = None
    purpose: Purpose = "energy"


@dataclass(frozen=True, eq=False)
class Gradient:
    """Ask for the gradient at x.

    `shots` None: each shifted energy gets the experiment's shots. An integer: that many for each
    shifted energy. A sequence of one integer a component: that many in total for that partial
    derivative, split over its shifted energies.
    """

    x: FloatArray
    shots: int | Sequence[int] | None = None
    purpose: Purpose = "gradient"


@dataclass(frozen=True, eq=False)
class Metric:
    """Ask for the Fubini-Study metric at x (a quarter of the quantum Fisher information)."""

    x: FloatArray
    kind: Literal["full", "block-diagonal", "diagonal"] = "full"
    shots: int | None = None
    purpose: Purpose = "metric"


@dataclass(frozen=True, eq=False)
class Fidelity:
    """Ask for |⟨ψ(y)|ψ(x)⟩|²."""

    x: FloatArray
    y: FloatArray
    shots: int | None = None
    purpose: Purpose = "metric"


Query: TypeAlias = Energy | Gradient | Metric | Fidelity


class Scalar(NamedTuple):
    """Answer to Energy and Fidelity: value, variance of that value, shots spent."""

    value: float
    variance: float = 0.0
    shots: int = 0


class Vector(NamedTuple):
    """Answer to Gradient: value and variance per component, shape (n,), and shots spent."""

    value: FloatArray
    variance: FloatArray
    shots: int = 0


class Matrix(NamedTuple):
    """Answer to Metric: symmetric (n, n) value, variance per entry, and shots spent."""

    value: FloatArray
    variance: FloatArray
    shots: int = 0


Answer: TypeAlias = Scalar | Vector | Matrix


@dataclass(frozen=True, eq=False)
class Iterate:
    """Yielded after every step: the new iterate. It costs nothing and is answered with None.

    `energy` is the optimizer's own knowledge of the energy at x, if it has any. `note` says
    something about the step in a few words ("rejected", "restart"), for the progress line.
    """

    x: FloatArray
    energy: Scalar | None = None
    note: str = ""


Round: TypeAlias = Sequence[Query] | Iterate
Run: TypeAlias = Generator[Round, Any, FloatArray]
"""A started optimizer. Its return value is the final x; it may also go on for ever."""


class Optimizer(Protocol):
    """Starts a run at x. All randomness comes from `rng`, so a run can be replayed."""

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Run:
        """Return the generator of rounds."""
        ...


class Init(Protocol):
    """Makes the first state of a transform for parameters x."""

    def __call__(self, x: FloatArray, /) -> Any:
        """Return the state."""
        ...


class Update(Protocol):
    """One step of a transform."""

    def __call__(
        self, updates: FloatArray, state: Any, x: FloatArray | None = None, /, **extra: Any
    ) -> tuple[FloatArray, Any]:
        """Return the transformed updates and the next state; arguments are never mutated."""
        ...


class Transform(NamedTuple):
    """A gradient transformation in the convention of optax: two pure functions.

    `init(x) -> state`; `update(updates, state, x, **extra) -> (updates, state)`. The result is
    *added* to x, so a descent rule includes the minus sign.

    `metric` names the kind of Fubini-Study metric that the rule needs ("full", "block-diagonal",
    "diagonal"); it is then handed over as `extra["metric"]`. The gradient's variance is always
    there as `extra["variance"]`.
    """

    init: Init
    update: Update
    metric: Literal["full", "block-diagonal", "diagonal"] | None = None
