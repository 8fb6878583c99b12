"""Qubit operators and graphs in files: text, JSON, TOML and HamLib's HDF5."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Final

from qvopt_molecules.errors import InputError, missing_extra
from qvopt_molecules.spins import SpinHamiltonian
from qvopt_molecules.textfile import read_text_file
from qvopt_molecules.toml_files import parse_toml

from . import costs, operators
from .terms import spin_hamiltonian

_SUFFIXES: Final = (".json", ".txt", ".h5", ".hdf5")
_HAMLIB: Final = re.compile(r"([^\[\]]*)\[([^\]]*)\]")
_KEYS: Final = "terms (Pauli strings), edges (MaxCut), qubo or ising"


def is_operator_file(name: str) -> bool:
    """Whether a name is that of an operator's file; a .toml file is, if it has terms or edges."""
    path = Path(name.partition("::")[0])
    if path.suffix.lower() in _SUFFIXES:
        return True
    if path.suffix.lower() != ".toml" or not path.is_file():
        return False
    try:
        return bool({"terms", "edges", "qubo", "ising"} & set(_toml(path)))
    except InputError:
        return False


def read_operator(name: str) -> SpinHamiltonian:
    """Return the operator of a file.

    A text has "coefficient PAULI" a line, # begins a comment. JSON and TOML have a table of Pauli
    strings, itself or as `terms`, or `edges`, `qubo` or `ising`. HDF5 has HamLib's strings;
    "FILE::KEY" chooses one of several. Raises InputError naming the file and the line.
    """
    file, _, key = name.partition("::")
    path = Path(file)
    suffix = path.suffix.lower()
    if suffix in (".h5", ".hdf5"):
        problem = _hamlib(path, key)
    elif suffix == ".txt":
        problem = _text(path)
    else:
        problem = _document(_json(path) if suffix == ".json" else _toml(path), path)
    return SpinHamiltonian(problem.observable, problem.reference, path.stem)


def read_edges(name: str) -> SpinHamiltonian:
    """Return MaxCut on the graph of a file: "u v" or "u v weight" a line."""
    text = read_text_file(Path(name), "graph file")
    return costs.maxcut(costs.edge_lines(text.splitlines(), name))


def _text(path: Path) -> SpinHamiltonian:
    terms = []
    lengths = set()
    for number, line in enumerate(read_text_file(path, "operator file").splitlines(), 1):
        words = line.partition("#")[0].split()
        if not words:
            continue
        try:
            terms.append((operators.letters_of(" ".join(words[1:])), float(words[0])))
        except (ValueError, InputError):
            raise InputError(
                f"{path}, line {number}: a term is 'coefficient PAULI', such as '0.5 XXI' or "
                f"'0.5 X0 X1', got '{line.strip()[:40]}'"
            ) from None
        if len(words) == 2 and not words[1][-1].isdigit():
            lengths.add(len(words[1]))
    if len(lengths) > 1:
        raise InputError(f"{path}: Pauli strings must have one length, got {sorted(lengths)}")
    return spin_hamiltonian(terms, max(lengths, default=0), label=path.stem)


def _json(path: Path) -> Any:
    try:
        return json.loads(read_text_file(path, "operator file"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid JSON: {str(error)[:80]}") from None


def _toml(path: Path) -> dict[str, Any]:
    return parse_toml(read_text_file(path, "operator file"), str(path))


def _document(data: Any, path: Path) -> SpinHamiltonian:
    if isinstance(data, dict) and operators.is_table(data):
        return operators.from_table(data)
    if not isinstance(data, dict) or len(data) != 1:
        raise InputError(f"{path} has no problem: it needs one of {_KEYS}")
    ((kind, value),) = data.items()
    if kind == "terms" and operators.is_table(value):
        return operators.from_table(value)
    if kind == "edges" and isinstance(value, list):
        return costs.maxcut(value)
    if kind == "qubo":
        return costs.qubo(value)
    if kind == "ising":
        return costs.ising(value)
    raise InputError(f"{path} has no problem: it needs one of {_KEYS}")


def _hamlib(path: Path, key: str) -> SpinHamiltonian:
    try:
        import h5py
    except ImportError:
        raise missing_extra(f"{path} is an HDF5 file", "hdf5") from None
    try:
        with h5py.File(path, "r") as file:
            names: list[str] = []
            file.visititems(lambda n, o: names.append(n) if isinstance(o, h5py.Dataset) else None)
            chosen = key or (names[0] if len(names) == 1 else "")
            if chosen not in names:
                some = ", ".join(names[:5])
                raise InputError(f"{path} has several operators: write {path}::KEY ({some}, …)")
            data = file[chosen][()]
    except OSError as error:
        raise InputError(f"cannot read {path}: {str(error)[:80]}") from None
    text = data.decode() if isinstance(data, bytes) else str(data)
    terms = []
    for coefficient, letters in _HAMLIB.findall(text):
        number = coefficient.strip().lstrip("+").strip().replace(" ", "")
        try:
            terms.append((operators.letters_of(letters), complex(number or "1")))
        except ValueError:
            raise InputError(f"{path}: '{coefficient[:30]}' is no coefficient") from None
    return spin_hamiltonian(terms, label=chosen.rpartition("/")[2])
