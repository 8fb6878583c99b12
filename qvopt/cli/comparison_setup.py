"""Turns the options of `qvopt compare` into a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qvopt.comparison.compare import default_folder, specification_data
from qvopt.comparison.specification import ComparisonSpec, make_comparison
from qvopt_molecules.errors import InputError, unknown_name

from .described import experiment_key, option_name
from .options import experiment_data


@dataclass(frozen=True)
class Setup:
    """What is compared, and where it is kept."""

    spec: ComparisonSpec
    folder: Path


def comparison_setup(
    what: Path,
    out: Path | None,
    options: Mapping[str, Any],
    only: Sequence[str],
    molecule: Mapping[str, Any] | None = None,
) -> Setup:
    """Read the file, or take a molecule; options take the place of the keys.

    `molecule` are options of a molecule, by the names of their parameters.
    """
    described = {k: v for k, v in (molecule or {}).items() if v not in (None, [])}
    given = {k: v for k, v in options.items() if v is not None}
    data: Mapping[str, Any]
    if _names_molecule(what):
        data, name = {"problems": [_problem(str(what), described)]}, None
        for key, option in (("optimizers", "--optimizer"), ("budget", "--budget")):
            if key not in given:
                raise InputError(f"a comparison on {what} needs {option}, or a file that says it")
    elif described:
        option = option_name(next(iter(described)))
        raise InputError(f"{option} is for a MOLECULE; write it into [[problems]] of {what}")
    else:
        data, name = specification_data(what)
    spec = make_comparison({**data, **given})
    if only:
        known = {e.label or e.name: e for e in spec.optimizers}
        for label in only:
            if label not in known:
                raise unknown_name("optimizer of the comparison", label, known)
        entrants = tuple(e for e in spec.optimizers if (e.label or e.name) in only)
        spec = spec.model_copy(update={"optimizers": entrants})
    usual = what if what.is_dir() else default_folder(spec, name)
    return Setup(spec, out or usual)


def _problem(molecule: str, described: Mapping[str, Any]) -> Any:
    """The problem of a molecule with its options."""
    if not described:
        return molecule
    options = dict(described)
    settings, space = options.pop("settings", ()), options.pop("active_space", None)
    keys = {experiment_key(name): value for name, value in options.items()}
    data = experiment_data(molecule, keys, settings, space)
    other = next((key for key in data if key != "molecule"), None)
    if other is not None:
        raise InputError(
            f"--set {other}… is not of the molecule; write a comparison's file, whose [[problems]] "
            f"take it"
        )
    return data


def _names_molecule(what: Path) -> bool:
    """Whether an argument is no comparison's file or folder, but what `run` takes."""
    if what.suffix.lower() == ".toml" or what.is_dir():
        return False
    return what.exists() or len(what.parts) == 1


def single(paths: Sequence[Path]) -> Path:
    """Return the one path that was given; raise InputError where there are several."""
    if len(paths) != 1:
        raise InputError(f"give one FILE or FOLDER, got {len(paths)}; --merge reports several")
    return paths[0]


def refuse_with_merge(options: Mapping[str, Any]) -> None:
    """Raise InputError for an option that merging does not take."""
    for name, value in options.items():
        if value:
            raise InputError(f"--merge reports what has ended and runs nothing; leave out {name}")
