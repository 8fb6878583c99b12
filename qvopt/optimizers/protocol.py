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

import math
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

import numpy as np

from qvopt_molecules.arrays import BoolArray, FloatArray
from qvopt_molecules.errors import InputError, shown

MetricKind = Literal["full", "block-diagonal", "diagonal"]
Spread = Literal["planned", "random"]
Purpose = Literal[
    "energy", "gradient", "metric", "line-search", "calibration", "pool", "monitor", "final"
]


@dataclass(frozen=True, eq=False)
class Energy:
    """Ask for the energy at x, with `shots` in total (None: as the experiment says).

    `spread` says how they fall on the measurement groups: "planned" by the experiment's
    allocation, or "random", each shot drawing its group (weighted random sampling), which is
    unbiased down to a single shot. An energy with the purpose "gradient" stands at a shifted point
    and follows the allocation of shifted circuits.
    """

    x: FloatArray
    shots: int | None = None
    purpose: Purpose = "energy"
    spread: Spread = "planned"


@dataclass(frozen=True, eq=False)
class Gradient:
    """Ask for the gradient at x.

    `shots` None: each shifted energy gets the experiment's shots. An integer: that many for each
    shifted energy. A sequence of one integer a component: that many in total for that partial
    derivative, split over its shifted energies; a component of 0 shots is left out, and comes back
    as 0 with infinite variance.
    """

    x: FloatArray
    shots: int | Sequence[int] | None = None
    purpose: Purpose = "gradient"
    spread: Spread = "planned"


@dataclass(frozen=True, eq=False)
class Metric:
    """Ask for the Fubini-Study metric at x (a quarter of the quantum Fisher information).

    `shots` is for each circuit that it takes. 0 asks for the exact metric of a simulator beside
    measured gradients, which no device can give: for studies.
    """

    x: FloatArray
    kind: MetricKind = "full"
    shots: int | None = None
    purpose: Purpose = "metric"


@dataclass(frozen=True, eq=False)
class Fidelity:
    """Ask for |⟨ψ(y)|ψ(x)⟩|²."""

    x: FloatArray
    y: FloatArray
    shots: int | None = None
    purpose: Purpose = "metric"


@dataclass(frozen=True, eq=False)
class PoolGradient:
    """Ask for dE/dt at t = 0 of every operator of the ansatz's pool, put after the circuit at x.

    `shots` is for each shifted energy. The answer is a `Vector` with one component an operator.
    """

    x: FloatArray
    shots: int | None = None
    purpose: Purpose = "pool"


Query: TypeAlias = Energy | Gradient | Metric | Fidelity | PoolGradient


class Scalar(NamedTuple):
    """Answer to Energy and Fidelity: value, variance of that value, shots spent.

    `dof` are the degrees of freedom of the variance: with few shots intervals follow Student's t.
    """

    value: float
    variance: float = 0.0
    shots: int = 0
    dof: float = math.inf


class Vector(NamedTuple):
    """Answer to Gradient and PoolGradient: value and variance per component, and shots spent.

    `dof` are the degrees of freedom of each variance; None where they are not known, as of exact
    answers and of rounds in journals of 0.1.
    """

    value: FloatArray
    variance: FloatArray
    shots: int = 0
    dof: FloatArray | None = None


class Matrix(NamedTuple):
    """Answer to Metric: symmetric (n, n) value, variance per entry, and shots spent.

    `dof` as of a `Vector`.
    """

    value: FloatArray
    variance: FloatArray
    shots: int = 0
    dof: FloatArray | None = None


Answer: TypeAlias = Scalar | Vector | Matrix


@dataclass(frozen=True, eq=False)
class Iterate:
    """Yielded after every step: the new iterate. It costs nothing and is answered with None.

    `energy` is the optimizer's own knowledge of the energy at x, if it has any. `note` says
    something about the step in a few words ("rejected", "restart"), for the progress line.
    A `partial` one is a point inside a step: it is where the run stands if the budget ends there,
    but it is neither counted nor recorded.
    """

    x: FloatArray
    energy: Scalar | None = None
    note: str = ""
    partial: bool = False


@dataclass(frozen=True, eq=False)
class Describe:
    """Yielded to learn the `Landscape`. It costs nothing."""


@dataclass(frozen=True, eq=False)
class Grow:
    """Yielded to put operators of the pool after the circuit; answered with their labels.

    Each adds a parameter, at the end of x. It costs nothing.
    """

    operators: tuple[int, ...]


Partition: TypeAlias = tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class ClassicalModel:
    """What is known of E(x) by classical means: its expansion about x = 0, and symmetries.

    Attributes:
        gradient: ∂E/∂x at x = 0 in Hartree, shape (n,).
        hessian: ∂²E/∂x² at x = 0, shape (n, n).
        metric: Re ⟨∂_i ψ|∂_j ψ⟩ at x = 0, shape (n, n): the scale of each parameter.
        vanishing: parameters that a symmetry of E keeps stationary at 0: a sign change of all of
            them together leaves E as it is.
        partners: (i, j, s) where another symmetry takes x_i to s x_j, to lowest order; i < j.
        starts: points worth trying, by name ("newton", "mp2").
    """

    gradient: FloatArray
    hessian: FloatArray
    metric: FloatArray
    vanishing: BoolArray
    partners: tuple[tuple[int, int, float], ...] = ()
    starts: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Landscape:
    """What is known of E(x) before anything is measured: the answer to `Describe`.

    Attributes:
        n: number of parameters.
        frequencies: for each parameter the positive frequencies of E along it: with the others
            fixed, E is a trigonometric polynomial of exactly these. None where they are unknown.
        curvature: a bound on every |∂²E/∂x_i∂x_j| in Hartree, or None.
        groups: partitions of the parameter indices by name. Circuits have "layer" (gates that act
            side by side), "class" (kinds of gates), and "row" and "column" (for excitations: the
            orbitals that are emptied, and those that are filled).
        least_shots: for each partial derivative the fewest shots that the planned spread over
            measurement groups can do with. None: any number.
        least_energy_shots: the same for one energy.
        classical: computes what is classically known, which may take a moment; its result is None,
            and so is the function, where that is nothing.
    """

    n: int
    frequencies: tuple[tuple[float, ...], ...] | None = None
    curvature: float | None = None
    groups: Mapping[str, Partition] = field(default_factory=dict)
    least_shots: tuple[int, ...] | None = None
    least_energy_shots: int = 1
    classical: Callable[[], ClassicalModel | None] | None = None


Round: TypeAlias = Sequence[Query] | Iterate | Describe | Grow
Minimization: TypeAlias = Generator[Round, Any, FloatArray]
"""A started optimizer. Its return value is the final x; it may also go on for ever."""


class Optimizer(Protocol):
    """Starts a run at x. All randomness comes from `rng`, so a run can be replayed."""

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Minimization:
        """Return the generator of rounds."""
        ...


class GrowingOptimizer(Optimizer, Protocol):
    """The optimizer of one circuit that grows, started again after each growth."""

    def grow(self, slopes: FloatArray) -> None:
        """Hear that the circuit got parameters, at zero, with these exact slopes of the energy."""
        ...


@dataclass(frozen=True)
class Recycling:
    """An optimizer that keeps what it has learned when it is started again with more parameters.

    `begin()` returns the optimizer of one circuit that grows. Called itself it begins anew.
    """

    begin: Callable[[], GrowingOptimizer]

    def __call__(self, x: FloatArray, rng: np.random.Generator) -> Minimization:
        """Return the generator of rounds."""
        return self.begin()(x, rng)


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


class MetricNeed(NamedTuple):
    """Which metric a transform wants, with which shots (see `Metric`), every how many steps."""

    kind: MetricKind
    shots: int | None = None
    every: int = 1


class Transform(NamedTuple):
    """A gradient transformation in the convention of optax: two pure functions.

    `init(x) -> state`; `update(updates, state, x, **extra) -> (updates, state)`. The result is
    *added* to x, so a descent rule includes the minus sign.

    `metric` says that the rule needs the Fubini-Study metric; it is then handed over as
    `extra["metric"]`, with its variance as `extra["metric_variance"]`, and both are None on steps
    without a new one. The gradient's variance is always there as `extra["variance"]`.
    """

    init: Init
    update: Update
    metric: MetricNeed | None = None


def queries_of(request: Any) -> list[Query]:
    """Return the round that an optimizer yields. Raises InputError for anything but queries."""
    if isinstance(request, Iterable) and not isinstance(request, str | np.ndarray):
        queries = list(request)
        if all(isinstance(query, Query) for query in queries):
            return queries
    raise InputError(
        f"an optimizer yields rounds, each a list of queries such as [Gradient(x)], or "
        f"Iterate(x), got {shown(request)}"
    )
