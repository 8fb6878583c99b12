"""`qvopt list`: what there is by name."""

from __future__ import annotations

from typing import Any, Literal

from qvopt_molecules.errors import InputError

from .output import print_json, print_table

Kind = Literal["molecules", "ansatze", "optimizers", "backends"]


def list_command(what: Kind, as_json: bool) -> int:
    """Print names with what there is to know of them."""
    rows = {
        "molecules": _molecules,
        "ansatze": _ansatze,
        "optimizers": _optimizers,
        "backends": _backends,
    }[what]()
    if as_json:
        print_json(rows)
    elif what == "optimizers":
        _print_optimizers(rows)
    elif what == "molecules":
        _print_molecules(rows)
    elif what == "backends":
        _print_backends(rows)
    else:
        print_table(rows)
    return 0


def _print_optimizers(rows: list[dict[str, Any]]) -> None:
    """By family; the options that all first-order rules share are listed once."""
    from qvopt.optimizers.registry import LEGEND, shared_defaults

    shared = shared_defaults()
    table = []
    for row in sorted(rows, key=lambda r: r["family"]):
        own = {
            k: v
            for k, v in row["defaults"].items()
            if not ("learning_rate" in row["defaults"] and k in shared and shared[k] == v)
        }
        table.append({**row, "defaults": own})
    print_table(table)
    print()
    print(LEGEND)
    print("first-order rules also take: " + ", ".join(f"{k}={v}" for k, v in shared.items()))


def _print_molecules(rows: list[dict[str, Any]]) -> None:
    table = []
    for row in rows:
        fci = row["fci"]
        kept = {k: v for k, v in row.items() if k != "atoms"}
        table.append({**kept, "fci": None if fci is None else f"{fci:.6f}"})
    print_table(table)
    print("fci: full CI at these parameters, in Hartree; bonds in Ångström, angles in degrees.")
    print("--set NAME=VALUE sets a parameter, and `qvopt scan` runs along one.")


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
            print(f"{row['name']}: " + " ".join(row["devices"]))
    print()
    print("Write NAME:DEVICE. Others that a vendor has are asked for by name, with credentials.")


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
