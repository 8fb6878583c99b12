"""One registered name in full: what it is, its paper, and a table of its options."""

from __future__ import annotations

import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Final

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from qvopt_molecules.errors import InputError, unknown_name

_WORDS = {"int": "integer", "float": "number", "bool": "true or false", "str": "text",
          "None": "none", "Any": "object"}  # fmt: skip

_SOURCE_WIDTH: Final = 88
"""Columns at which every docstring was broken, however far it is indented."""

Entry = dict[str, Any]
"""name, kind, text and options, each option a row of the table."""


def optimizer_entry(name: str) -> Entry:
    """Formula, paper, cost and hyper-parameters with range, unit and meaning."""
    from qvopt.optimizers.registry import LEGEND, describe

    entry = describe(name)
    options = []
    for key, option in entry.options.items():
        row = {"option": key, "default": value_text(entry.defaults[key])}
        if option is not None:
            none = ", or none" if key in entry.optional else ""
            row |= {
                "range": option.range_text + none,
                "unit": option.unit,
                "meaning": option.meaning,
            }
        options.append(row)
    facts = f"family: {entry.family}\nasks for: {entry.needs}\ncost of a step: {entry.cost}"
    text = "\n\n".join([_prose(inspect.getdoc(entry.factory)), facts, LEGEND])
    return {"name": entry.name, "kind": "optimizer", "text": text, "options": options}


def ansatz_entry(name: str) -> Entry:
    """Description, paper and options of an ansatz."""
    from qvopt_circuits.catalogue import ansatz_description, ansatz_factory

    factory = ansatz_factory(name)
    texts = [_prose(inspect.getdoc(factory)), _prose(_module_text(factory))]
    text = "\n\n".join([ansatz_description(name), *filter(None, texts)])
    return {"name": name, "kind": "ansatz", "text": text, "options": _options(factory)}


def backend_entry(name: str) -> Entry:
    """Description, options and devices of a backend."""
    from qvopt.backends.catalogue import device_names, find_factory

    factory = find_factory(name)
    text = _prose(inspect.getdoc(factory))
    if devices := device_names(name):
        text += "\n\ndevices: " + " ".join(devices)
    return {"name": name, "kind": "backend", "text": text, "options": _options(factory)}


def grouping_entry(name: str) -> Entry:
    """Description of a grouping, and where it can be used."""
    from qvopt.measurement.catalogue import get_grouping

    grouping = get_grouping(name)
    needs = "any mapping, spins too" if grouping.of_strings is not None else (
        "orbitals in the jordan-wigner mapping"
    )  # fmt: skip
    text = f"{grouping.description}\n\nneeds: {needs}\npaper and table: docs/measurement.md"
    return {"name": name, "kind": "grouping", "text": text, "options": []}


def mitigation_entry(name: str) -> Entry:
    """Description and options of an error mitigation."""
    from qvopt.experiment.mitigation import MITIGATIONS

    if name not in MITIGATIONS:
        raise unknown_name("mitigation", name, MITIGATIONS)
    model = MITIGATIONS[name]
    if model is None:
        text = (
            "Keep outcomes with the right numbers of electrons: --set measurement.postselect=true"
        )
        return {"name": name, "kind": "mitigation", "text": text, "options": []}
    options = [
        {"option": key, "default": value_text(field.default), "range": bounds(field),
         "meaning": field.description or ""}
        for key, field in model.model_fields.items()
    ]  # fmt: skip
    text = f"{_prose(inspect.getdoc(model))}\n\n--set mitigation.{name}.OPTION=VALUE"
    return {"name": name, "kind": "mitigation", "text": text, "options": options}


def molecule_entry(name: str) -> Entry:
    """Geometry, electrons, basis and parameters of a molecule or lattice."""
    from qvopt_molecules.catalogue import catalogue_parameters, catalogue_title, find_molecule
    from qvopt_molecules.lattice import LATTICES, lattice_parameters

    if name in LATTICES:
        text, parameters = LATTICES[name], lattice_parameters(name)
    else:
        molecule = find_molecule(name)
        lines = [f"{a.symbol:<2} {a.position[0]:12.6f} {a.position[1]:12.6f} {a.position[2]:12.6f}"
                 for a in molecule.atoms]  # fmt: skip
        fci = molecule.references.get("fci")
        facts = [f"charge {molecule.charge}, {molecule.spin} unpaired electrons, "
                 f"basis {molecule.basis}",
                 "" if fci is None else f"full CI at these parameters: {fci:.8f} Ha"]  # fmt: skip
        heading = f"{catalogue_title(name)} (positions in Ångström)"
        text = "\n".join([heading, *lines, *filter(None, facts)])
        parameters = catalogue_parameters(name)
    options = [{"option": key, "default": value_text(value)} for key, value in parameters.items()]
    return {"name": name, "kind": "molecule", "text": text, "options": options}


def _options(factory: Callable[..., Any]) -> list[dict[str, str]]:
    """Rows of a factory's options, with the meanings that its documentation gives."""
    meanings = _meanings(factory)
    return [
        {"option": name, "default": default, "range": hint, "meaning": meanings.get(name, "")}
        for name, (default, hint) in _signature(factory).items()
    ]


def _signature(factory: Callable[..., Any]) -> dict[str, tuple[str, str]]:
    if is_dataclass(factory):
        hints = typing.get_type_hints(factory)
        return {
            f.name: (
                "required" if f.default is MISSING else value_text(f.default),
                _hint(hints[f.name]),
            )
            for f in fields(factory)
            if f.init
        }
    parameters = inspect.signature(factory).parameters.values()
    return {
        p.name: ("required" if p.default is p.empty else value_text(p.default), _hint(p.annotation))
        for p in parameters
        if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
    }


def _meanings(factory: Callable[..., Any]) -> Mapping[str, str]:
    """From the sections "Args" and "Attributes" of a class, its parents and its module."""
    parents = factory.__mro__[:-1] if isinstance(factory, type) else (factory,)
    found: dict[str, str] = {}
    for parent in parents:
        found = _section(inspect.getdoc(parent)) | found
    return found


def _section(text: str | None) -> dict[str, str]:
    match = re.search(r"^(?:Args|Attributes):\n((?:[ ]+.*\n?|\n)+)", (text or "") + "\n", re.M)
    if match is None:
        return {}
    meanings = {}
    for item in re.split(r"\n(?=\S)", textwrap.dedent(match.group(1)).strip()):
        names, _, meaning = item.partition(":")
        for name in names.split(","):
            meanings[name.strip()] = " ".join(meaning.replace("`", "").split())
    return meanings


def _prose(text: str | None) -> str:
    """A docstring without its sections of arguments and errors."""
    sections = r"^(Args|Attributes|Returns|Raises):\n((?:[ ]+.*\n?|\n)+)"
    text = re.sub(sections, "", (text or "") + "\n", flags=re.M)
    return _unwrapped(text.strip().replace("`", ""))


def _unwrapped(text: str) -> str:
    """Join the lines of a paragraph that were broken at the width of the source.

    A line stays as it is where the next word would have had room beside it, and where either is
    indented, as formulas are.
    """
    lines: list[str] = []
    previous, broken = "", False
    for line in text.splitlines():
        word = line.split(" ", 1)[0]
        if broken and word and len(previous) + 1 + len(word) > _SOURCE_WIDTH:
            lines[-1] += f" {line}"
        else:
            lines.append(line)
        previous, broken = line, bool(word) and not line.startswith(" ")
    return "\n".join(lines)


def _module_text(factory: Callable[..., Any]) -> str | None:
    module = inspect.getmodule(factory)
    return None if module is None else module.__doc__


def _hint(hint: Any) -> str:
    """A type in words: the choices of a Literal, or what kind of value it is."""
    if isinstance(hint, str):
        plain = re.sub(
            r"(Sequence|list|tuple)\[.*?\]", "list", re.sub(r"Mapping\[.*?\]", "table", hint)
        )
        return re.sub(r"\w+", lambda m: _WORDS.get(m[0], m[0]), plain).replace(" | ", " or ")
    if typing.get_origin(hint) is typing.Annotated:
        return _hint(hint.__origin__)
    if typing.get_origin(hint) is typing.Literal:
        return ", ".join(str(choice) for choice in typing.get_args(hint))
    if hint is type(None):
        return "none"
    if isinstance(hint, type) and hint.__name__ in _WORDS:
        return _WORDS[hint.__name__]
    origin = typing.get_origin(hint)
    if isinstance(origin, type) and issubclass(origin, Mapping | Sequence):
        return "table" if issubclass(origin, Mapping) else "list"
    inner = typing.get_args(hint)
    return " or ".join(_hint(kind) for kind in inner) if inner else str(hint)


def bounds(field: FieldInfo) -> str:
    """The type of a setting in words, with its bounds."""
    parts = [_hint(field.annotation)]
    for rule in field.metadata:
        match rule:
            case Ge():
                parts.append(f">= {rule.ge:,}")
            case Le():
                parts.append(f"<= {rule.le:,}")
            case Gt():
                parts.append(f"> {rule.gt:,}")
    return ", ".join(parts)


def value_text(value: Any) -> str:
    """A default as it is written in a file: none, true, [1, 3], …"""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(v) for v in value) + "]"
    return f"{value:.8g}" if isinstance(value, float) else str(value)


ENTRIES: Mapping[str, Callable[[str], Entry]] = {
    "molecules": molecule_entry,
    "ansatze": ansatz_entry,
    "optimizers": optimizer_entry,
    "backends": backend_entry,
    "groupings": grouping_entry,
    "mitigations": mitigation_entry,
}


def entry_of(kind: str, name: str) -> Entry:
    """Return everything there is to know of a name. Raises InputError for an unknown one."""
    if kind not in ENTRIES:
        raise InputError(f"`qvopt list {kind}` takes no name")
    return ENTRIES[kind](name)
