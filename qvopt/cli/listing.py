"""`qvopt list`: registered names."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qvopt_molecules.errors import InputError

from .entries import Entry, entry_of
from .output import print_json, print_table
from .tables import print_text


def list_command(what: str, names: Sequence[str], as_json: bool) -> int:
    """Print a table of registered names, those that are given in full, or a table of runs."""
    if what == "runs":
        from .run_list import list_runs

        return list_runs(names, as_json)
    if names:
        return _show_entries([entry_of(what, name) for name in names], as_json)
    rows = _ROWS[what]()
    if as_json:
        print_json(rows)
        return 0
    _PRINTERS.get(what, print_table)(rows)
    print_text(f"`qvopt list {what} NAME` shows NAME with all its options.")
    return 0


def _show_entries(entries: Sequence[Entry], as_json: bool) -> int:
    if as_json:
        print_json(list(entries))
        return 0
    for k, entry in enumerate(entries):
        print(("\n" if k else "") + f"{entry['name']}  ({entry['kind']})\n")
        print_text(entry["text"])
        if entry["options"]:
            print()
            print_table(entry["options"])
    return 0


def _print_optimizers(rows: list[dict[str, Any]]) -> None:
    """By family, without what only one of them has."""
    from qvopt.optimizers.registry import LEGEND

    columns = ("name", "family", "needs", "cost")
    ordered = sorted(rows, key=lambda r: str(r["family"]))
    print_table([{key: row[key] for key in columns} for row in ordered])
    print()
    print_text(LEGEND)
    print_text(
        "default: l-bfgs for exact energies (recycled-bfgs where the circuit grows), kalman-newton "
        "with --shots, adam on hardware without a budget"
    )


def _print_molecules(rows: list[dict[str, Any]]) -> None:
    table = []
    for row in rows:
        fci = row["fci"]
        kept = {k: v for k, v in row.items() if k != "atoms"}
        table.append({**kept, "fci": None if fci is None else f"{fci:.6f}"})
    print_table(table)
    print_text(
        "fci: full CI at these parameters, in Hartree; bonds in Ångström, angles in degrees."
    )
    print_text("--set NAME=VALUE sets a parameter, and `qvopt scan` runs along one.")


def _molecules() -> list[dict[str, Any]]:
    from qvopt_molecules.catalogue import (
        catalogue_names,
        catalogue_parameters,
        catalogue_title,
        find_molecule,
    )

    rows = []
    for name in catalogue_names():
        molecule = find_molecule(name)
        rows.append(
            {
                "name": name,
                "title": catalogue_title(name),
                "parameters": catalogue_parameters(name),
                "atoms": len(molecule.atoms),
                "charge": molecule.charge,
                "basis": molecule.basis,
                "fci": molecule.references.get("fci"),
            }
        )
    from qvopt_molecules.lattice import LATTICES, lattice_parameters

    for name, title in LATTICES.items():
        rows.append({"name": name, "title": title, "parameters": lattice_parameters(name),
                     "atoms": None, "charge": None, "basis": None, "fci": None})  # fmt: skip
    return rows


def _ansatze() -> list[dict[str, Any]]:
    from qvopt_circuits.catalogue import ansatz_description, ansatz_names

    return [{"name": n, "description": ansatz_description(n)} for n in ansatz_names()]


def _optimizers() -> list[dict[str, Any]]:
    from qvopt.optimizers.registry import describe, optimizer_names

    rows = []
    for name in optimizer_names():
        try:
            rows.append(describe(name).document())
        except InputError as error:  # a broken plug-in does not hide the others
            row = dict.fromkeys(("needs", "cost"), "-") | {"defaults": {}, "reference": str(error)}
            rows.append({"name": name, "family": "broken", **row})
    return rows


def _print_backends(rows: list[dict[str, Any]]) -> None:
    print_table([{k: row[k] for k in ("name", "description")} for row in rows])
    for row in rows:
        if row["devices"]:
            print()
            print_text(f"{row['name']}: " + " ".join(row["devices"]))
    print()
    print_text(
        "Write NAME:DEVICE. A vendor's other devices are available by name, with credentials."
    )


def _backends() -> list[dict[str, Any]]:
    from qvopt.backends.catalogue import backend_description, backend_names, device_names

    rows = []
    for name in backend_names():
        try:
            description = backend_description(name)
        except InputError as error:  # a broken plug-in does not hide the others
            description = f"broken: {error}"
        devices = list(device_names(name))
        rows.append({"name": name, "description": description, "devices": devices})
    return rows


def _groupings() -> list[dict[str, Any]]:
    from qvopt.measurement.catalogue import get_grouping, grouping_names

    return [{"name": n, "description": get_grouping(n).description} for n in grouping_names()]


def _mitigations() -> list[dict[str, Any]]:
    from qvopt.experiment.mitigation import MITIGATIONS

    descriptions = {
        "readout": "correction of readout errors, from calibration circuits",
        "zne": "zero-noise extrapolation of energies, with folded gates",
        "reference": "the error measured at the Hartree-Fock determinant is subtracted",
        "cdr": "Clifford data regression: noise learned where energies are known is inverted",
        "postselect": "outcomes with wrong electron numbers are discarded",
    }
    return [{"name": n, "description": descriptions[n]} for n in MITIGATIONS]


_ROWS: Mapping[str, Callable[[], list[dict[str, Any]]]] = {
    "molecules": _molecules,
    "ansatze": _ansatze,
    "optimizers": _optimizers,
    "backends": _backends,
    "groupings": _groupings,
    "mitigations": _mitigations,
}
_PRINTERS: Mapping[str, Callable[[list[dict[str, Any]]], None]] = {
    "molecules": _print_molecules,
    "optimizers": _print_optimizers,
    "backends": _print_backends,
}
