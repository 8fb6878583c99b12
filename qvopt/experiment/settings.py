"""Settings by the names of the command line, for every function that begins an experiment."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, ParamSpec, TypedDict, TypeVar, get_type_hints

import numpy as np

from qvopt_molecules.argument_checks import real_array, real_values
from qvopt_molecules.arguments import check_arguments
from qvopt_molecules.errors import InputError, shown, unknown_name

from .budget_text import budget_data
from .counts import positive_count

P = ParamSpec("P")
T = TypeVar("T")


class OtherSettings(TypedDict, total=False):
    """What describes an experiment beside its problem, ansatz and optimizer."""

    backend: Any
    shots: int | float | str | None
    seed: int | None
    max_steps: int | None
    basis: str | None
    charge: int | None
    spin: int | None
    orbitals: str | None
    active_space: str | Sequence[int] | Mapping[str, Any] | None
    frozen_core: int | None
    set: Mapping[str, float] | None
    mapping: str | None
    grouping: str | None
    allocation: str | None
    final_precision: float | None
    final_shots: int | float | str | None
    learning_rate: float | None
    budget: str | int | Mapping[str, Any] | None
    measurement: Mapping[str, Any] | None
    mitigation: Mapping[str, Any] | str | None
    constraints: Mapping[str, Any] | None
    stopping: Mapping[str, Any] | None
    monitor: str | None
    start: Sequence[float] | None


class Settings(OtherSettings, total=False):
    """What describes an experiment beside its problem; None, or nothing, takes the default."""

    ansatz: Any
    optimizer: Any


DESCRIPTIONS: Final[Mapping[str, str]] = {
    "ansatz": "a name (`qvopt list ansatze`), a table with options, or an object; None takes uccsd "
    "for electrons, and for qubits what suits the operator.",
    "optimizer": "a name (`qvopt list optimizers`), a table with hyper-parameters, or an object; "
    "None takes l-bfgs for exact energies (recycled-bfgs where the circuit grows), kalman-newton "
    "under shots, and adam on hardware without a budget.",
    "backend": "a name (`qvopt list backends`), a table with options, or an object; None takes "
    "sector for electrons and statevector for qubits.",
    "shots": 'shots of one energy in total: 1000, "1e4" or "1e4 shots"; None is exact.',
    "seed": "of every random stream; 0 unless given.",
    "max_steps": "most optimizer steps; 300 unless given.",
    "basis": "Gaussian basis set; the molecule's unless given, as are charge and spin.",
    "charge": "total charge in units of e.",
    "spin": "number of unpaired electrons.",
    "orbitals": "canonical unless given, mp2-natural, boys, …",
    "active_space": '(electrons, orbitals), the text "4,4", or a table.',
    "frozen_core": "doubly occupied orbitals to freeze.",
    "set": "the problem's own parameters, such as {'bond': 1.2} in Ångström.",
    "mapping": "jordan-wigner(-tapered), parity(-reduced) or bravyi-kitaev; jordan-wigner unless "
    "given.",
    "grouping": "how energies are measured: fluid-basis-rotation, qubit-wise, …",
    "allocation": "of shots over groups: uniform, weighted, variance (unless given) or measured.",
    "final_precision": "standard error of the final estimate in Hartree (or the problem's unit); "
    "None aims at 0.001; a run with a budget, or that does not end at an expected error, takes at "
    "most a tenth of its shots for it.",
    "final_shots": "shots of the final estimate, in place of a precision.",
    "learning_rate": "of the optimizer, where it has one.",
    "budget": 'caps over the whole run: "20 QPU-min, 5 EUR", "1e6 shots", shots, or a table.',
    "measurement, mitigation, constraints, stopping": "tables, as in an experiment file; "
    "mitigation may be 'auto'.",
    "monitor": "which energy the records carry: exact, measured or none.",
    "start": "parameters to start from.",
}
_IN_TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    **{key: ("molecule", key) for key in ("basis", "charge", "spin", "orbitals", "set")},
    "frozen_core": ("molecule", "active_space", "frozen_core"),
    "grouping": ("measurement", "grouping"),
    "allocation": ("measurement", "allocation"),
    "final_precision": ("measurement", "final_precision"),
    "final_shots": ("measurement", "final_shots"),
    "learning_rate": ("optimizer", "learning_rate"),
}
_AIMS: Final = ("measurement.final_shots", "measurement.final_precision")


def refuses_unknown_keywords(function: Callable[P, T]) -> Callable[P, T]:
    """Refuse a keyword that a function does not take with the nearest one, as an InputError."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        unknown = next((key for key in kwargs if key not in names), None)
        if unknown is not None:
            raise unknown_name(f"setting of {function.__name__}", unknown, names)
        bound = check_arguments(function, args, kwargs)
        return function(*bound.args, **bound.kwargs)

    return wrapped


def takes_settings(function: Callable[P, T], settings: type[Any] = Settings) -> Callable[P, T]:
    """Give a function of `**settings: Unpack[Settings]` its full signature and their description.

    Help, tab completion and notebooks then show every setting by name.
    """
    signature = inspect.signature(function)
    hints = get_type_hints(settings)
    mine = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
    taken = {p.name for p in mine}
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=hint)
        for name, hint in hints.items()
        if name not in taken
    ]
    lines = [
        f"        {name}: {text}"
        for name, text in DESCRIPTIONS.items()
        if name not in taken and name.partition(",")[0] in hints
    ]
    described = "\n".join(["    Settings:", *lines])

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        if "molecule" in kwargs and "problem" in taken and "problem" not in kwargs:
            if args:
                raise InputError("the problem was given twice, also as a molecule; give one")
            kwargs["problem"] = kwargs.pop("molecule")  # its name in experiment files
        unknown = next((key for key in kwargs if key not in taken and key not in hints), None)
        if unknown is not None:
            from .unknown_settings import python_hint

            problem = args[0] if args else kwargs.get("problem")
            hint = python_hint(unknown, problem)
            if hint:
                raise InputError(f"unknown setting of {function.__name__} '{unknown}': {hint}")
            raise unknown_name(f"setting of {function.__name__}", unknown, [*taken, *hints])
        bound = check_arguments(function, args, kwargs)
        return function(*bound.args, **bound.kwargs)

    wrapped.__signature__ = signature.replace(parameters=[*mine, *shared])  # type: ignore[attr-defined]
    wrapped.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\n{inspect.cleandoc(described)}"
    return wrapped


def nested(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the tables of an experiment; what is None is left out.

    Keys with a dot, such as "optimizer.learning_rate", are taken as well.
    Raises InputError for an amount or an active space that cannot be read.

    >>> nested({"shots": "1e4 shots", "basis": "6-31g", "seed": None})
    {'shots': 10000, 'molecule': {'basis': '6-31g'}}
    """
    data: dict[str, Any] = {}
    for key, value in settings.items():
        if value is None:
            continue
        if key == "shots":
            data["shots"] = positive_count(value, "shots")
        elif key == "budget" and not isinstance(value, Mapping):
            data["budget"] = budget_data(value)
        elif key == "active_space":
            put(data, ("molecule", "active_space"), space_table(value))
        elif key == "start" and isinstance(value, np.ndarray):
            data["start"] = real_array(value, "start").tolist()
        elif key in _IN_TABLES:
            put(data, _IN_TABLES[key], value)
        elif isinstance(value, Mapping):
            data[key] = {**_table(data.get(key)), **value}
        else:
            put(data, (key,), value)
    return data


def put(data: dict[str, Any], path: Sequence[str], value: Any) -> None:
    """Set a nested key; a name or an object on the way becomes {"name": …}."""
    *tables, last = path
    for table in tables:
        data[table] = _table(data.get(table))
        data = data[table]
    old = data.get(last)
    if isinstance(old, Mapping) and not isinstance(value, Mapping) and "name" not in old:
        value = {"name": value, **old}
    data[last] = value


def without_former_aim(data: Mapping[str, Any], given: Iterable[str]) -> dict[str, Any]:
    """Return data without its aim of the final estimate, where keys that are `given` replace it.

    Args:
        data: of an experiment; `run` writes down the aim that it took by default.
        given: dotted keys that are about to be set.
    """
    measurement = data.get("measurement")
    if not isinstance(measurement, Mapping) or not set(given) & set(_AIMS):
        return dict(data)
    former = {name.partition(".")[2] for name in (*_AIMS, "measurement.final_share")}
    kept = {key: value for key, value in measurement.items() if key not in former}
    return {**data, "measurement": kept}


def _table(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return dict(value) if isinstance(value, Mapping) else {"name": value}


def space_table(value: Any) -> Any:
    """Return an active space as a table: (4, 4), "4,4" or a table."""
    if isinstance(value, Mapping):
        return dict(value)
    try:
        parts = value.split(",") if isinstance(value, str) else list(value)
        numbers = real_values([float(p) for p in parts] if isinstance(value, str) else parts)
        electrons, orbitals = (int(number) for number in numbers.tolist())
        if [electrons, orbitals] != numbers.tolist():
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"an active space is (electrons, orbitals), such as (4, 4) or '4,4', got {shown(value)}"
        ) from None
    return {"electrons": electrons, "n_orbitals": orbitals}
