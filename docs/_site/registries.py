"""Everything that is registered by name, with its options: what `qvopt list KIND NAME` shows."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from qvopt.backends.catalogue import backend_names
from qvopt.cli.entries import Entry, entry_of
from qvopt.experiment.mitigation import MITIGATIONS
from qvopt.measurement.catalogue import grouping_names
from qvopt.optimizers.registry import LEGEND, describe, optimizer_names
from qvopt_circuits.catalogue import ansatz_names
from qvopt_molecules.catalogue import catalogue_names
from qvopt_molecules.lattice import LATTICES

from .markdown import cell, code, escaped, fenced, prose, table

_COLUMNS = {
    "option": "option",
    "default": "default",
    "range": "type and range",
    "unit": "unit",
    "meaning": "meaning",
}
_KINDS: dict[str, tuple[str, str, Callable[[], Sequence[str]]]] = {
    "molecules": (
        "Molecules and models",
        "`qvopt run NAME`; `--set PARAMETER=VALUE` changes a parameter.",
        lambda: [*catalogue_names(), *LATTICES],
    ),
    "ansatze": (
        "Ansätze",
        "`--ansatz NAME`; `--set ansatz.OPTION=VALUE` changes an option. "
        "[How they compare](../../ansatze.md).",
        ansatz_names,
    ),
    "backends": (
        "Backends",
        "`--backend NAME` or `NAME:DEVICE`; `--set backend.OPTION=VALUE` changes an option. "
        "[Hardware](../../hardware.md).",
        backend_names,
    ),
    "groupings": (
        "Groupings",
        "`--grouping NAME`. [What they cost in shots](../../measurement.md).",
        grouping_names,
    ),
    "mitigations": (
        "Error mitigation",
        "Tables of `[mitigation]` in an experiment file. [What they achieve](../../mitigation.md).",
        lambda: list(MITIGATIONS),
    ),
}


def pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each registry."""
    yield "reference/optimizers.md", _optimizers()
    for kind, (title, introduction, names) in _KINDS.items():
        entries = [_section(entry_of(kind, name), 2) for name in names()]
        yield f"reference/{kind}.md", "\n\n".join([f"# {title}", introduction, *entries]) + "\n"


def _optimizers() -> str:
    """Optimizers by family, after a table of them all."""
    entries = sorted(map(describe, optimizer_names()), key=lambda e: (e.family, e.name))
    rows = [
        [f"[{code(e.name)}](#optimizer-{e.name})", cell(e.family), cell(e.needs), cell(e.cost)]
        for e in entries
    ]
    parts = [
        "# Optimizers",
        "`--optimizer NAME`; `--set optimizer.OPTION=VALUE` changes a hyper-parameter. "
        "[Which one to take](../../optimizers.md).",
        table(["name", "family", "asks for", "cost of a step"], rows),
        escaped(LEGEND[0].upper() + LEGEND[1:]) + ".",
    ]
    for family, members in groupby(entries, key=lambda e: e.family):
        parts.append(f"## {escaped(family[0].upper() + family[1:])}")
        for member in members:
            entry = entry_of("optimizers", member.name)
            text = entry["text"].replace("\n\n" + LEGEND, "")
            parts.append(_section({**entry, "text": text}, 3))
    return "\n\n".join(parts) + "\n"


def _section(entry: Entry, level: int) -> str:
    kind = entry["kind"].replace(" ", "-")
    parts = [f"({kind}-{entry['name']})=", f"{'#' * level} {escaped(entry['name'])}"]
    if kind == "molecule":
        parts.append(fenced(entry["text"]))
    else:
        parts.append(prose(entry["text"]))
    if entry["options"]:
        parts.append(_options(entry["options"]))
    return "\n\n".join(parts)


def _options(rows: Sequence[dict[str, str]]) -> str:
    columns = [key for key in _COLUMNS if any(row.get(key) for row in rows)]
    return table(
        [_COLUMNS[key] for key in columns],
        [
            [(code if key in ("option", "default") else cell)(row.get(key, "")) for key in columns]
            for row in rows
        ],
    )
