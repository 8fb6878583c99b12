"""The experiment: everything that sets a run's numbers, validated and serialisable."""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from qvopt.experiment.budget_text import budget_data
from qvopt.experiment.constraints import ConstraintsSpec
from qvopt.experiment.counts import Count, Shots
from qvopt.experiment.invalid_data import explain_invalid
from qvopt.experiment.mitigation import MitigationSpec
from qvopt.experiment.named_order import NOW, with_named_order
from qvopt.experiment.objects import problem_data, with_optimizer, with_usual_parts
from qvopt.experiment.secrets import refuse_secrets
from qvopt.experiment.strict_model import StrictModel
from qvopt.gradients.metric_rules import MetricRule
from qvopt.measurement.allocation import AllocationRule
from qvopt.measurement.catalogue import get_grouping
from qvopt_circuits.catalogue import ansatz_data
from qvopt_molecules.errors import InputError, shown
from qvopt_molecules.lattice import energy_unit, is_lattice

Option = bool | int | float | str | list[float] | list[int] | list[str]


class ActiveSpaceSpec(StrictModel):
    """Which orbitals are correlated; see `qvopt_molecules.molecule.ActiveSpace`."""

    electrons: Count | None = Field(default=None, ge=0)
    n_orbitals: Count | None = Field(default=None, ge=1)
    orbitals: tuple[int, ...] | None = None
    frozen_core: Count | None = Field(default=None, ge=0)
    selection: str | None = None
    threshold: float | None = None
    labels: tuple[str, ...] | None = None


class MoleculeSpec(StrictModel):
    """A catalogue name, a file (TOML, XYZ, FCIDUMP) or an inline geometry, and what overrides it.

    `set` overrides the molecule's own parameters, such as a bond length in Ångström or an angle
    in degrees. `spin` is the number of unpaired electrons, `orbitals` which ones the integrals are
    over; see `qvopt_molecules.molecule.Molecule`. `symmetry` false leaves the point group out.
    `occupied` names the reference's orbitals in an FCIDUMP file, counted from 1. `label` is a short
    name for tables, of a geometry that is written down, `definition` a molecule file's content,
    which then need not be there any more. A problem that came in as an object is named by the hash
    of its `content`, and may have a `unit` of its own.
    """

    name: str = Field(min_length=1)
    set: dict[str, float] = Field(default_factory=dict)
    basis: str | None = None
    charge: Count | None = None
    spin: Count | None = Field(default=None, ge=0)
    active_space: ActiveSpaceSpec | None = None
    orbitals: str | None = None
    symmetry: bool | None = None
    occupied: tuple[int, ...] | None = None
    label: str | None = Field(default=None, min_length=1, max_length=80)
    definition: dict[str, Any] | None = None
    content: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    unit: str | None = None

    @model_validator(mode="after")
    def _unit_of_an_object(self) -> MoleculeSpec:
        if self.unit is not None and self.content is None:
            raise ValueError(
                f"unit = {self.unit!r} belongs to a problem that was handed over as an object; "
                f"molecules are in Hartree, and models in their own unit (that of an XYZ file's "
                f"positions is said in its second line, as units=bohr)"
            )
        return self

    @property
    def energy_unit(self) -> str:
        """The unit of the problem's energies; "" where they have none."""
        if self.content is not None:
            return "Ha" if self.unit is None else self.unit
        return energy_unit(self.name, self.set) if self.is_lattice else "Ha"

    @property
    def is_lattice(self) -> bool:
        """Whether the name is a lattice model's; a molecule file may be called anything."""
        return self.content is None and self.definition is None and is_lattice(self.name)


class NamedSpec(BaseModel):
    """Something by name; every other key is one of its options."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    name: str = Field(min_length=1)

    @property
    def options(self) -> dict[str, Any]:
        """Every key but the name."""
        return dict(self.model_extra or {})


class AnsatzSpec(NamedSpec):
    """An ansatz by name, and its options."""


class OptimizerSpec(NamedSpec):
    """An optimizer by name, and its hyper-parameters."""


class BackendSpec(NamedSpec):
    """A backend by name, and its options."""


class GradientSpec(NamedSpec):
    """A gradient rule by name, and its options."""


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


_T = TypeVar("_T")
_LARGEST_ANGLE = 1e6
_RECORDED = "recorded"  # whether an experiment comes from a folder, in the validation's context
_MOST_KEPT = 1_000_000  # steps that a stopping rule looks back at
Nameable = Annotated[_T, BeforeValidator(_named)]


def _registered_grouping(name: str) -> str:
    try:
        get_grouping(name)
    except InputError as error:
        raise ValueError(str(error)) from None
    return name


class MeasurementSpec(StrictModel):
    """How an energy is measured.

    `shots` is the total for one energy, split over the groups; None is exact. `grouping` None
    takes fluid basis rotations where the ansatz conserves particle number under Jordan-Wigner,
    else qubit-wise commuting groups. `allocation` splits the shots over the groups; see
    `qvopt.measurement.allocation`. `gradient` is a rule of `qvopt.gradients.rules`, with its
    options; `gradient_allocation` splits a gradient's shots over its shifted energies by their
    coefficients ("weighted", the default) or also by the deviations measured so far ("measured").
    `metric` is a rule of `qvopt.gradients.metric_rules`; None takes covariances of generators where
    the backend reads them, else fidelities. `postselect` throws outcomes away that contradict
    the electron numbers, as far as each group shows them (see `qvopt.measurement.selection`): they
    are paid, and not used.

    The energy that a run reports at its end takes `final_shots`, or as many as `final_precision`,
    its standard error in Hartree (or the problem's unit), needs. A run that is given neither aims
    at 1 mHa with at most a tenth of its shots: `final_share` is that bound, see
    `qvopt.runs.final_estimate`.
    """

    shots: Shots | None = Field(default=None, gt=0, le=10**12)
    grouping: Annotated[str, AfterValidator(_registered_grouping)] | None = None
    allocation: AllocationRule = "variance"
    gradient: Nameable[GradientSpec] = GradientSpec(name="parameter-shift")
    gradient_allocation: Literal["weighted", "measured"] | None = None
    metric: MetricRule | None = None
    postselect: bool = False
    final_shots: Shots | None = Field(default=None, gt=0, le=10**12)
    final_precision: float | None = Field(default=None, gt=0)
    final_share: float | None = Field(default=None, gt=0, le=1)

    @model_validator(mode="after")
    def _one_final_estimate(self) -> MeasurementSpec:
        if self.final_shots is not None and self.final_precision is not None:
            raise ValueError(
                "final_shots and final_precision are two ways to say how good the final estimate "
                "is; give one of them"
            )
        if self.final_share is not None and self.final_precision is None:
            raise ValueError("final_share bounds what final_precision takes; give both, or neither")
        return self


class BudgetSpec(StrictModel):
    """Caps over the whole life of the run, resumes included.

    Simulated final estimates at which the run did not end, as at a Ctrl-C, stay outside them.
    """

    shots: Shots | None = Field(default=None, gt=0)
    circuits: Count | None = Field(default=None, gt=0)
    evaluations: Count | None = Field(default=None, gt=0)
    jobs: Count | None = Field(default=None, gt=0)
    qpu_seconds: float | None = Field(default=None, gt=0)
    money: float | None = Field(default=None, gt=0)
    currency: Literal["USD", "EUR"] | None = None


class StoppingSpec(StrictModel):
    """Rules that end a run under shots before its budget does; see `qvopt.runs.stopping.Watch`.

    `gradient`: steps over which the mean gradient does not differ significantly from zero.
    `plateau`: steps over which the measured energies do not fall significantly. `expected_error`:
    largest expected error of the energy in Hartree, or its quantile at the probability
    `confidence`, by the model of the energy that an optimizer has (kalman-newton). Exact runs end
    by the optimizer's tolerance.
    """

    gradient: Count | None = Field(default=None, ge=1, le=_MOST_KEPT)
    plateau: Count | None = Field(default=None, ge=4, le=_MOST_KEPT)
    expected_error: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    confidence: float | None = Field(default=None, gt=0, lt=1)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.confidence is not None and self.expected_error is None:
            raise ValueError("confidence is that of the expected_error; give expected_error too")
        return self

    def certificate(self) -> dict[str, float]:
        """What an optimizer that knows its error is to reach, as options of it."""
        given = {"expected_error": self.expected_error, "confidence": self.confidence}
        return {name: value for name, value in given.items() if value is not None}


def _usual_optimizer(*, sampled: bool) -> str:
    return "kalman-newton" if sampled else "l-bfgs"


def _caps(value: Any) -> Any:
    """A number, or a text such as "1e6 shots", stands for a table."""
    return budget_data(value) if isinstance(value, int | float | str) else value


def _checked_seed(value: int) -> int:
    if not 0 <= value < 2**63:
        raise ValueError(f"must be between 0 and 2^63 - 1, got {value}")
    return value


def _checked_start(value: tuple[float, ...]) -> tuple[float, ...]:
    """Angles that float64 still tells apart to nine digits."""
    for angle in value:
        if not abs(angle) <= _LARGEST_ANGLE:
            raise ValueError(f"must be angles in radians up to 1e6, got {angle}")
    return value


class Experiment(StrictModel):
    """One VQE run, in full.

    Attributes:
        molecule, ansatz, optimizer, backend: what, by name or as a table with options.
        mapping: fermion-to-qubit mapping.
        measurement: shots, grouping and allocation.
        mitigation: what is done about a device's errors.
        constraints: penalties for other electron numbers and spins.
        seed: entropy of every random stream of the run.
        max_steps: the largest number of optimizer steps.
        monitor: which energy the progress shows: "exact" is the noiseless one, free and unseen by
            the optimizer; "measured" spends shots on it; None takes "exact" where the backend can.
        budget: caps on what the run spends.
        stopping: noise-aware rules that end the run; off if not given.
        start: parameters to start from, in place of the ansatz's own.
    """

    molecule: Nameable[MoleculeSpec]
    ansatz: Nameable[AnsatzSpec] = AnsatzSpec(name="uccsd")
    optimizer: Nameable[OptimizerSpec] | None = None
    backend: Nameable[BackendSpec] = BackendSpec(name="sector")
    mapping: Literal[
        "jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev", "jordan-wigner-tapered"
    ] = "jordan-wigner"
    measurement: MeasurementSpec = MeasurementSpec()
    mitigation: MitigationSpec = MitigationSpec()
    constraints: ConstraintsSpec = ConstraintsSpec()
    seed: Annotated[Count, AfterValidator(_checked_seed)] = 0
    max_steps: Count = Field(default=300, ge=0)
    monitor: Literal["exact", "measured", "none"] | None = None
    budget: Annotated[BudgetSpec, BeforeValidator(_caps)] = BudgetSpec()
    stopping: StoppingSpec = StoppingSpec()
    start: Annotated[tuple[float, ...], AfterValidator(_checked_start)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, data: Any, info: ValidationInfo) -> Any:
        """Accept `shots = N` at the top, and tables with options but no name.

        An order that an ansatz leaves open is named, but for a recorded experiment.
        """
        if not isinstance(data, Mapping):
            return data
        measurement = {} if data.get("measurement") is None else data["measurement"]
        if isinstance(measurement, MeasurementSpec):
            measurement = measurement.model_dump(exclude_unset=True)
        if not isinstance(measurement, Mapping):
            raise ValueError(f"measurement must be a table, got {shown(measurement)}")
        if "shots" in data:
            measurement = dict(measurement)
            if measurement.setdefault("shots", data["shots"]) != data["shots"]:
                raise ValueError("shots and measurement.shots disagree")
            data = {k: v for k, v in data.items() if k != "shots"} | {"measurement": measurement}
        data = dict(data)
        sampled = measurement.get("shots") is not None
        usual = {
            "ansatz": "uccsd",
            "backend": "sector",
            "optimizer": _usual_optimizer(sampled=sampled),
        }
        for key, name in usual.items():
            if isinstance(data.get(key), Mapping):
                data[key] = {"name": name, **data[key]}
        ansatz = data.get("ansatz")
        ansatz = ansatz.model_dump() if isinstance(ansatz, AnsatzSpec) else ansatz
        if isinstance(ansatz, Mapping) and not (info.context or {}).get(_RECORDED):
            data["ansatz"] = with_named_order(ansatz, NOW)
        return data

    @property
    def optimizer_spec(self) -> OptimizerSpec:
        """The optimizer: the named one, else L-BFGS for exact energies, Kalman-Newton under shots.

        A run on hardware takes another by default: see `qvopt.runs.defaults.with_optimizer`.
        """
        if self.optimizer is not None:
            return self.optimizer
        return OptimizerSpec(name=_usual_optimizer(sampled=self.measurement.shots is not None))

    @property
    def optimizer_options(self) -> dict[str, Any]:
        """The optimizer's options, with what `stopping` asks of it."""
        return {**self.optimizer_spec.options, **self.stopping.certificate()}

    def document(self) -> dict[str, Any]:
        """The experiment as plain data, defaults included, empty values left out."""
        data = self.model_dump(mode="json", exclude_none=True)
        data["optimizer"] = self.optimizer_spec.model_dump(mode="json")
        return {k: v for k, v in data.items() if v != {}}

    def _repr_html_(self) -> str:
        from html import escape

        from qvopt.experiment.toml_text import dump_toml

        return f"<pre>{escape(dump_toml(self.document()))}</pre>"

    def content_hash(self) -> str:
        """SHA-256 of the canonical JSON of `document()`."""
        canonical = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()


def make_experiment(data: Mapping[str, Any], *, recorded: bool = False) -> Experiment:
    """Validate plain data. An ansatz may also be an object: ours, or a Qiskit circuit.

    What a file says of the problem is taken into the experiment, but for one that is `recorded`:
    it is as it was when its run began.

    Raises InputError naming the first wrong key, in one line.
    """
    if not isinstance(data, Mapping):
        raise InputError(f"an experiment is a table with a molecule, got {shown(data)}")
    data = dict(data)
    if "molecule" in data and not recorded:
        data["molecule"] = problem_data(data["molecule"])
    try:
        refuse_secrets(data)
        _refuse_dates(data)
    except RecursionError:
        raise InputError("the experiment is nested too deeply") from None
    if not isinstance(data.get("ansatz"), str | Mapping | AnsatzSpec | None):
        data["ansatz"] = ansatz_data(data["ansatz"])
    data = with_usual_parts(with_optimizer(data))
    try:
        return Experiment.model_validate(data, context={_RECORDED: recorded})
    except ValidationError as error:
        raise explain_invalid(error, Experiment, "experiment", ("shots",)) from None
    except RecursionError:
        raise InputError("the experiment is nested too deeply") from None


def _refuse_dates(value: Any, where: str = "") -> None:
    """Raise InputError for a date or time, which TOML has and an experiment does not."""
    if isinstance(value, datetime.date | datetime.time):
        raise InputError(f"{where} is a date or time, {value}; write it in quotes if it is text")
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _refuse_dates(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list | tuple):
        for inner in value:
            _refuse_dates(inner, where)
