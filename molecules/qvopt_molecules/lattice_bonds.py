"""Bonds of rectangular lattices: chains, ladders and square lattices, open or periodic."""

from __future__ import annotations

from .errors import InputError


def lattice_bonds(
    model: str, sites: int, rows: int, *, periodic: bool
) -> tuple[list[tuple[int, int]], list[int]]:
    """Return the bonds between neighbours, each once, and the colour (0 or 1) of each site.

    Site (r, c) is r · (sites / rows) + c: one row is a chain, two rows are a ladder. A periodic
    lattice is closed along every direction of more than two sites. Neighbours have different
    colours but where a closed direction is odd. Raises InputError where the rows do not fill.
    """
    if sites % rows:
        raise InputError(f"{model}: {sites} sites do not fill {rows} rows")
    columns = sites // rows
    bonds = []
    for r in range(rows):
        for c in range(columns):
            here = r * columns + c
            if c + 1 < columns:
                bonds.append((here, here + 1))
            elif periodic and columns > 2:
                bonds.append((r * columns, here))
            if r + 1 < rows:
                bonds.append((here, here + columns))
            elif periodic and rows > 2:
                bonds.append((c, here))
    return bonds, [(s // columns + s % columns) % 2 for s in range(sites)]
