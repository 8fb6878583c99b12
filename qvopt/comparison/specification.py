"""The experiment file of a comparison: problems, optimizers, seeds, shots, budgets, targets.

seeds = 30
shots = 1000                     # of one energy; a list compares several
budget = 2_000_000               # shots of a run, everything charged; a list runs each
targets = [1.6, 10.0, 0.1]       # mHa of true error
optimizers = ["icans", "spsa", {name = "adam", learning_rate = 0.01}]

[[problems]]
molecule = {name = "lih", set = {bond = [1.6, 2.4]}}     # lists are expanded, all with all
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from qvopt.experiment.constraints import ConstraintsSpec
from qvopt.experiment.counts import Count, Shots
from qvopt.experiment.invalid_data import explain_invalid
from qvopt.experiment.specification import (
    AnsatzSpec,
    BackendSpec,
    MeasurementSpec,
    Nameable,
    NamedSpec,
)
from qvopt.experiment.strict_model import StrictModel
from qvopt.experiment.toml_text import dump_toml
from qvopt_molecules.errors import InputError

from .budgets import Budgets, OneBudget
from .problem_data import comparison_problem, entrant

CHEMICAL_ACCURACY: Final = 1.6
"""1 kcal/mol in mHa, rounded as is usual."""

MOST_SEEDS: Final = 100_000
TUNING_SEEDS: Final = 10**9
"""First seed of tuning runs: no scored run has it."""


def _listed(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _named(value: Any) -> Any:
    """Let a name stand for a table, within lists too."""
    return [{"name": v} if isinstance(v, str) else v for v in _listed(value)]


_Shots = Annotated[Shots, Field(gt=0, le=10**12)]
_SeveralShots = Annotated[tuple[_Shots, ...], Field(min_length=1), BeforeValidator(_listed)]


class ProblemSpec(StrictModel):
    """What is minimised. Lists are expanded: every molecule with every ansatz and backend.

    Attributes:
        molecule: as in an experiment; values of `set` may be lists (geometries).
        ansatz, backend, mapping: as in an experiment, or lists.
        measurement: as in an experiment, without shots.
        constraints: as in an experiment.
        shots, budget: in place of the comparison's.
        reference: energy in Hartree that errors are counted from: "fci"; "ansatz", the lowest that
            the ansatz reached in exact minimisations from several points; or a number.
        label: its name; where lists are expanded, the beginning of the names.
    """

    molecule: Annotated[tuple[dict[str, Any], ...], BeforeValidator(_named)] = Field(min_length=1)
    ansatz: Annotated[tuple[AnsatzSpec, ...], Field(min_length=1), BeforeValidator(_named)] = (
        AnsatzSpec(name="uccsd"),
    )
    backend: Annotated[tuple[BackendSpec, ...], Field(min_length=1), BeforeValidator(_named)] = (
        BackendSpec(name="sector"),
    )
    mapping: Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed)] = (
        "jordan-wigner",
    )
    measurement: MeasurementSpec = MeasurementSpec()
    constraints: ConstraintsSpec = ConstraintsSpec()
    shots: _SeveralShots | None = None
    budget: Budgets | None = None
    reference: str | float = "fci"
    label: str | None = Field(default=None, min_length=1, max_length=80)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.measurement.shots is not None:
            raise ValueError("measurement.shots is not given here; use shots")
        if isinstance(self.reference, str) and self.reference not in ("fci", "ansatz"):
            raise ValueError(
                f"reference must be 'fci', 'ansatz' or an energy in Hartree, got {self.reference!r}"
            )
        return self


class SearchRange(StrictModel):
    """Where a number is looked for, on a logarithmic scale unless `linear`."""

    low: float
    high: float
    linear: bool = False

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, got {self.low} and {self.high}")
        if not self.linear and self.low <= 0:
            raise ValueError(f"low must be above 0 on a logarithmic scale, got {self.low}")
        return self


Choices = SearchRange | tuple[bool | int | float | str, ...]


class EntrantSpec(NamedSpec):
    """An optimizer that takes part; every other key is one of its hyper-parameters.

    Attributes:
        label: its name in the comparison; its own where not given.
        shots: of one energy, in place of the problem's and the comparison's.
        tuned: search its hyper-parameters first, see `TuningSpec`.
        search: where: by hyper-parameter a range {low, high} or a list of values. Without it, the
            usual ranges of `qvopt.comparison.spaces`.
    """

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    label: str | None = Field(default=None, min_length=1, max_length=80)
    shots: _SeveralShots | None = None
    tuned: bool = False
    search: dict[str, Choices] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.search and not self.tuned:
            raise ValueError("search needs tuned = true")
        return self


class TuningSpec(StrictModel):
    """How hyper-parameters of tuned optimizers are searched, with equal effort for each.

    Attributes:
        trials: settings tried for each optimizer; the first is its defaults.
        seeds: runs of each trial on each problem; never seeds that are scored.
        problems: where; the scored ones if not given.
        shots, budget: of a run, in place of the comparison's.
    """

    trials: Count = Field(default=12, ge=2, le=10_000)
    seeds: Count = Field(default=2, ge=1, le=1000)
    problems: tuple[ProblemSpec, ...] | None = Field(default=None, min_length=1)
    shots: _Shots | None = None
    budget: OneBudget | None = None


class ComparisonSpec(StrictModel):
    """A comparison, in full; see the module's example.

    Attributes:
        title: what it is about.
        problems, optimizers: what is compared on what.
        shots: of one energy; with several, each optimizer takes part with each.
        budget: what a run may spend, everything charged: shots, or a table of caps; with several,
            every problem is run with each, see `qvopt.comparison.budgets`.
        seeds, first_seed: runs of each optimizer on each problem, with the same seeds for all.
        targets: true errors in mHa that are asked for.
        max_steps: steps after which a run ends in any case.
        tuning: the search of hyper-parameters.
    """

    title: str = Field(default="", max_length=200)
    problems: tuple[ProblemSpec, ...] = Field(min_length=1)
    optimizers: tuple[Nameable[EntrantSpec], ...] = Field(min_length=1)
    shots: _SeveralShots = (1000,)
    budget: Budgets
    seeds: Count = Field(default=30, ge=1, le=MOST_SEEDS)
    first_seed: Count = Field(default=0, ge=0, lt=TUNING_SEEDS - MOST_SEEDS)
    targets: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        default=(CHEMICAL_ACCURACY, 10.0, 0.1), min_length=1
    )
    max_steps: Count = Field(default=100_000, ge=1)
    tuning: TuningSpec = TuningSpec()

    def document(self) -> dict[str, Any]:
        """The specification as plain data, defaults included, empty values left out."""
        data = self.model_dump(mode="json", exclude_none=True)
        if not any(entrant.tuned for entrant in self.optimizers):
            del data["tuning"]
        return data

    def toml(self) -> str:
        """The specification as a file that reads back the same."""
        return dump_toml(self.document())


def make_comparison(data: Mapping[str, Any]) -> ComparisonSpec:
    """Validate plain data.

    Raises InputError naming the first wrong key, in one line.
    """
    data = dict(data)
    if isinstance(data.get("problems"), list | tuple):
        data["problems"] = [comparison_problem(problem) for problem in data["problems"]]
    if isinstance(data.get("optimizers"), list | tuple):
        data["optimizers"] = [entrant(optimizer) for optimizer in data["optimizers"]]
    try:
        return ComparisonSpec.model_validate(data)
    except ValidationError as error:
        raise explain_invalid(error, ComparisonSpec, "comparison") from None
    except RecursionError:
        raise InputError("the comparison is nested too deeply") from None
