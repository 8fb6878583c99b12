"""Objects that are handed over again when a run is resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from qvopt.optimizers.objects import optimizer_data
from qvopt_circuits.catalogue import ansatz_data
from qvopt_molecules.errors import InputError
from qvopt_molecules.handed import OBJECT

from .named_order import NOW, with_named_order
from .specification import NamedSpec

_DATA: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "optimizer": optimizer_data,
    "ansatz": ansatz_data,
}


def handed_again(path: Path, kind: str, thing: Any, recorded: NamedSpec) -> None:
    """Remember an object for the run that recorded it.

    Args:
        path: the run folder, for the message.
        kind: "optimizer" or "ansatz".
        thing: the object; None where none is handed over.
        recorded: what the experiment says.

    Raises InputError for another object than the run began with.
    """
    if thing is None:
        return
    data = {"name": thing} if isinstance(thing, str) else _DATA[kind](thing)
    if kind == "ansatz":
        data = with_named_order(data, NOW)
    mine = {"name": recorded.name, **recorded.options}
    if data == mine:
        return
    began, given = (str(d["name"]).removeprefix(OBJECT) for d in (mine, data))
    what = "with other source or options" if began == given else f"and not with {given}"
    raise InputError(f"{path} began with the {kind} {began}, {what}")
