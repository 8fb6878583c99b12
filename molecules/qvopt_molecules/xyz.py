"""XYZ files: plain, extended (Properties, Lattice), of QM9, in Ångström or bohr.

A count, a comment, then one atom a line. What bears on the molecule is read or refused: units,
charge and multiplicity in the comment, the order of columns, periodic cells, further frames, ghost
atoms. Columns after the positions (charges, forces) do not bear on it.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .elements import SYMBOLS, element
from .errors import InputError
from .geometry import MAX_ATOMS, checked_atoms
from .molecule import Atom
from .textfile import read_text_file

BOHR: Final = 0.529177210903
"""One bohr in Ångström (CODATA 2018, as in PySCF)."""

_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(([eEdD]|\*\^)[+-]?\d+)?", re.ASCII)
_LABEL: Final = re.compile(r"([A-Za-z]{1,2})[_-]?\d{1,5}[A-Za-z]?", re.ASCII)
_GHOSTS: Final = re.compile(
    r"(xx?|bq|gh|du|q|lp)([\W_\d].*)?|(ghost|dummy).*|@.*|[A-Za-z]{1,2}:", re.I | re.S
)
_ISOTOPES: Final = {"D": "H", "T": "H"}
_BOHR_WORDS: Final = ("bohr", "au", "a.u.", "atomic", "bohrs")
_LENGTHS: Final = re.compile(
    r"\b(?i:bohrs?|atomic units?|nanomet(?:er|re)s?|picomet(?:er|re)s?)\b"
    r"|\b[aA]\.[uU]\.|\b(au|nm|pm)\b"  # Au is gold
)
_ANGSTROM_WORDS: Final = ("angstrom", "angstroms", "ang", "å", "ångström", "a")


@dataclass(frozen=True)
class XYZFile:
    """A molecule read from an XYZ file.

    Attributes:
        atoms: positions in Ångström.
        charge: as the comment says; None where it does not.
        spin: number of unpaired electrons, from the multiplicity; None where it is not given.
    """

    atoms: tuple[Atom, ...]
    charge: int | None = None
    spin: int | None = None


def read_xyz_file(path: Path) -> XYZFile:
    """Read an XYZ file of one frame.

    Raises:
        InputError: naming what cannot be read or is not supported.
    """
    text = read_text_file(path, "molecule file", encodings=("utf-8-sig", "latin-1"))
    lines = [line.rstrip() for line in re.split(r"\r\n|\n|\r", text)]
    while len(lines) > 1 and not lines[0].strip():
        del lines[0]
    words = lines[0].split() if lines else []
    if not words or not re.fullmatch(r"\d{1,6}", words[0], re.ASCII):
        raise InputError(f"{path} is not an XYZ file: its first line must be the number of atoms")
    count, comment = int(words[0]), lines[1].strip() if len(lines) > 1 else ""
    keys = _comment_keys(comment)
    scale = _scale(words[1:], keys, comment, path)
    charge, spin = _charge_and_spin(keys, comment, path)
    _refuse_cells(keys, path)
    rows = _rows(lines[2:], count, comment, path)
    columns = _columns(keys.get("properties"), path)
    atoms = []
    ids = columns is None and _with_ids(rows)
    for number, row in enumerate(rows, start=1):
        where = f"{path}, atom {number}"
        symbol, position = _atom(row.split(), columns, ids, where)
        x, y, z = (scale * c for c in position)
        atoms.append(Atom(symbol, (x, y, z)))
    return XYZFile(checked_atoms(tuple(atoms), str(path)), charge, spin)


def _comment_keys(comment: str) -> dict[str, str]:
    """Entries key=value of a comment, keys in lower case; values may be quoted."""
    try:
        words = shlex.split(comment, posix=True)
    except ValueError:  # an apostrophe of plain text
        words = comment.split()
    pairs = (word.partition("=") for word in words)
    return {key.strip().lower(): value for key, equals, value in pairs if equals}


def _scale(words: list[str], keys: dict[str, str], comment: str, path: Path) -> float:
    """Ångström in one unit of the file."""
    said = [w.lower().removeprefix("units=").removeprefix("unit=").strip("()[],") for w in words]
    said += [keys[k].lower() for k in ("units", "unit") if k in keys]
    if len(said) == len(words):
        said += re.findall(r"\bunits?\s*:\s*([^\s,;]+)", comment.lower())
    scales = set()
    for word in said:
        if word in _BOHR_WORDS:
            scales.add(BOHR)
        elif word in _ANGSTROM_WORDS:
            scales.add(1.0)
        else:
            raise InputError(
                f"{path}: '{word[:40]}' is no unit of length that is known; write units=angstrom "
                f"or units=bohr"
            )
    if len(scales) > 1:
        raise InputError(f"{path} names two units of length")
    spoken = None if scales else _LENGTHS.search(comment)
    if spoken is not None:
        small = spoken[0][0].lower() in "np"
        what = f"'{spoken[0]}'" if small else "bohr or atomic units"
        raise InputError(
            f"{path}: the comment speaks of {what}; say which the positions are in by writing "
            f"units=bohr or units=angstrom into the comment, the file's second line"
        )
    return scales.pop() if scales else 1.0


def _charge_and_spin(
    keys: dict[str, str], comment: str, path: Path
) -> tuple[int | None, int | None]:
    """Charge and number of unpaired electrons that a comment gives."""
    plain = re.fullmatch(r"([+-]?\d{1,3})[\s,]+(\d{1,2})", comment)
    if plain:
        charge, multiplicity = plain[1], plain[2]
    else:
        charge = _named(("charge", "total_charge", "chrg", "q"), keys, comment, path)
        multiplicity = _named(("multiplicity", "mult", "spin_multiplicity"), keys, comment, path)
    for name in ("spin", "uhf", "nopen"):
        if multiplicity is None and re.search(rf"\b{name}\s*[=:]", comment, re.I):
            raise InputError(
                f"{path}: '{name}' in the comment may mean several things; write multiplicity=1, "
                f"2, 3, …"
            )
    if multiplicity is not None and int(multiplicity) < 1:
        raise InputError(f"{path}: a multiplicity is 1 or more, got {multiplicity}")
    return (
        None if charge is None else int(charge),
        None if multiplicity is None else int(multiplicity) - 1,
    )


def _named(names: tuple[str, ...], keys: dict[str, str], comment: str, path: Path) -> str | None:
    for name in names:
        value = keys.get(name)
        if value is None and name not in ("q", "chrg"):
            match = re.search(rf"\b{name}\b\s*[=:]?\s*([^\s,;]+)", comment, re.I)
            value = match[1] if match else None
        if value is None:
            continue
        value = value.strip().strip("\"',;")
        if re.fullmatch(r"[+-]?\d{1,3}(\.0*)?", value):
            return value.split(".")[0]
        raise InputError(
            f"{path}: the comment names a {name} that is not a whole number ('{value[:20]}'); "
            f"write {name}=… or leave it out"
        )
    return None


def _refuse_cells(keys: dict[str, str], path: Path) -> None:
    open_directions = re.sub(r"[^tf]", "", keys.get("pbc", "").lower().replace("true", "t")
                             .replace("false", "f"))  # fmt: skip
    periodic = "t" in open_directions or ("lattice" in keys and open_directions != "fff")
    if periodic:
        raise InputError(
            f"{path} has a periodic cell (Lattice, pbc), which is not supported; for a molecule "
            f'in a box write pbc="F F F"'
        )


def _rows(lines: list[str], count: int, comment: str, path: Path) -> list[str]:
    """The atoms' lines; refuses missing ones, and further frames."""
    if not 1 <= count <= MAX_ATOMS:
        raise InputError(f"{path} announces {count} atoms; from 1 to {MAX_ATOMS} are read")
    rows, rest = lines[:count], [line for line in lines[count:] if line.strip()]
    short = sum(1 for row in rows if row.strip())
    if short < count:
        raise InputError(f"{path} announces {count} atoms but holds {short}")
    if not rest:
        return rows
    if re.match(r"gdb\b", comment) and len(rest) == 3:
        return rows  # QM9: frequencies, SMILES and InChI
    if re.fullmatch(r"\d{1,6}", rest[0].strip()):
        raise InputError(
            f"{path} holds several frames; keep the one that is meant in a file of its own"
        )
    raise InputError(f"{path} announces {count} atoms but holds {count + len(rest)} lines of them")


def _columns(properties: str | None, path: Path) -> tuple[tuple[int, ...], int] | None:
    """Columns of species and atomic numbers, and the first column of positions."""
    if properties is None:
        return None
    words = properties.split(":")
    species: list[int] = []
    place, column = None, 0
    try:
        for name, _, width in zip(words[::3], words[1::3], words[2::3], strict=True):
            if name.lower() in ("species", "element", "elements", "symbols", "z", "numbers"):
                species.append(column)
            elif name.lower() in ("pos", "positions") and int(width) == 3:
                place = column
            column += int(width)
    except ValueError:
        raise InputError(f"{path}: Properties={properties[:60]} cannot be read") from None
    if not species or place is None:
        raise InputError(f"{path}: Properties must name species and pos:R:3")
    return tuple(species), place


def _with_ids(rows: list[str]) -> bool:
    """Whether every line begins with the number of the atom, before its symbol."""
    words = [row.split() for row in rows]
    return all(
        len(row) >= 5 and row[0] == str(number) and row[1][:1].isalpha()
        for number, row in enumerate(words, start=1)
    )


def _atom(
    words: list[str], columns: tuple[tuple[int, ...], int] | None, ids: bool, where: str
) -> tuple[str, tuple[float, ...]]:
    if columns is not None:
        places, first = columns
        if len(words) < max(*(place + 1 for place in places), first + 3):
            raise InputError(f"{where}: fewer columns than Properties announces")
        symbols = [_symbol(words[place], where) for place in places]
        if len(set(symbols)) > 1:
            raise InputError(f"{where}: two columns name two elements, {' and '.join(symbols)}")
        return symbols[0], tuple(_coordinate(w, where) for w in words[first : first + 3])
    words = words[1:] if ids else words
    cleaned = [w.rstrip(",") for w in words]
    if len(cleaned) < 4:
        raise InputError(
            f"{where}: '{' '.join(words)[:60]}' must be an element symbol and three coordinates"
        )
    symbol = _symbol(cleaned[0], where)
    position = tuple(_coordinate(w, where) for w in cleaned[1:4])
    for word in cleaned[4:]:
        if word.startswith(("#", "!")):
            break
        if not _NUMBER.fullmatch(word) or cleaned[0].isdecimal():
            raise InputError(
                f"{where}: the column '{word[:30]}' after the position has no meaning here; name "
                f"the columns with Properties=…, or leave it out"
            )
    return symbol, position


def _symbol(word: str, where: str) -> str:
    if word.isdecimal():
        charge = int(word) if len(word) < 4 else 0
        if not 1 <= charge <= len(SYMBOLS):
            raise InputError(
                f"{where}: {word[:10]} stands where the element should, and is not an atomic "
                f"number; extended XYZ files name other orders of columns in Properties=…"
            )
        return SYMBOLS[charge - 1]
    label = _LABEL.fullmatch(word)
    name = label[1] if label else word
    if name.capitalize() in _ISOTOPES:
        return _ISOTOPES[name.capitalize()]
    if _GHOSTS.fullmatch(word):
        raise InputError(
            f"{where}: ghost and dummy atoms ('{word[:20]}') are not supported; leave them out"
        )
    if _NUMBER.fullmatch(word):
        raise InputError(
            f"{where}: '{word[:20]}' stands where the element should; extended XYZ files name "
            f"other orders of columns in Properties=…"
        )
    try:
        return element(name)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _coordinate(word: str, where: str) -> float:
    if not _NUMBER.fullmatch(word):
        comma = "; write a decimal point, not a comma" if "," in word else ""
        raise InputError(f"{where}: the coordinate '{word[:40]}' is not a number{comma}")
    value = float(re.sub(r"[dD]|\*\^", "e", word))
    if abs(value) > 1e4:
        raise InputError(f"{where}: the coordinate {word[:40]} is not below 10,000")
    return value
