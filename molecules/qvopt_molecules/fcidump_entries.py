"""The lines of an FCIDUMP file, and the integrals that they mean.

Files list integrals once, or with some or all of their equals under the symmetry of the orbitals:

- of real orbitals, eightfold: (pq|rs) = (qp|rs) = (pq|sr) = (rs|pq) and so on;
- of complex orbitals, fourfold: (pq|rs) = (rs|pq) = (qp|sr)* = (sr|qp)*.

Which of the two a file means shows in what it lists: `p > q` beside `r < s`, without `p > q` beside
`r > s`, in a file that otherwise lists equals, is an integral of complex orbitals.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from qvopt_molecules.arrays import ComplexArray, FloatArray, IntArray

from .complex_orbitals import real_integrals
from .errors import InputError

_EQUAL: Final = 1e-8  # Hartree; files may list equals with different rounding
_FEW: Final = 3  # exchange integrals whose listing hints at complex orbitals
_MANY: Final = 10  # and shows it: in random order, real ones are listed so once in a thousand times


@dataclass(frozen=True, eq=False)
class FileIntegrals:
    """Integrals of a file.

    Attributes:
        core_energy: Hartree.
        one_body, two_body: as in `MolecularHamiltonian`; complex where the orbitals are.
    """

    core_energy: float
    one_body: FloatArray | ComplexArray
    two_body: FloatArray | ComplexArray


def read_integrals(text: str, norb: int, first_line: int, path: object) -> FileIntegrals:
    """Return the integrals that the lines after a header mean.

    Raises:
        InputError: naming the line that cannot be read, indices out of range, values that
            contradict each other, and blocks of unrestricted integrals.
    """
    values: list[complex] = []
    rows: list[tuple[int, int, int, int]] = []
    lines: list[int] = []
    in_brackets = set()
    for number, row in enumerate(text.splitlines(), start=first_line):
        if not row.strip():
            continue
        value, indices, bracketed = _parsed(row, norb, f"{path}, line {number}")
        values.append(value)
        rows.append(indices)
        lines.append(number)
        in_brackets.add(bracketed)
    if len(in_brackets) > 1:
        raise InputError(f"{path} has complex integrals in brackets among real ones")
    value_array = np.array(values, dtype=complex)
    places = np.array(rows, dtype=np.int64).reshape(-1, 4)
    line_array = np.array(lines, dtype=np.int64)
    kinds = np.asarray((places > 0).sum(axis=1))
    _refuse_blocks(kinds, path)
    core = _core(value_array[kinds == 0], path)
    one = _one_body(value_array[kinds == 2], places[kinds == 2] - 1, norb, path)
    chosen = kinds == 4
    table = _Table(places[chosen] - 1, value_array[chosen], line_array[chosen], norb)
    # Programs write real integrals with imaginary parts of zero, too.
    imaginary = bool(np.any(value_array.imag != 0.0))
    complex_orbitals = imaginary or table.is_of_complex_orbitals()
    if not complex_orbitals and table.exchanges_look_complex(_FEW):
        # Too little to tell them from real ones in random order: complex if that makes sense.
        sensible = real_integrals(one, table.integrals(True, path)) is not None
        complex_orbitals = sensible or table.exchanges_look_complex(_MANY)
    two = table.integrals(complex_orbitals, path)
    if complex_orbitals:
        return FileIntegrals(core, one, two)
    return FileIntegrals(core, np.ascontiguousarray(one.real), np.ascontiguousarray(two.real))


def _parsed(row: str, norb: int, where: str) -> tuple[complex, tuple[int, int, int, int], bool]:
    bracketed = row.lstrip().startswith("(")
    if bracketed:
        head, _, tail = row.strip().lstrip("(").partition(")")
        words = [*head.split(","), *tail.replace(",", " ").split()]
    else:
        words = row.replace(",", " ").split()
    n_parts = 2 if bracketed else 1
    try:
        parts = [_number(w) for w in words[:n_parts]]
        i, j, k, l = (int(w) for w in words[n_parts:])
    except (ValueError, OverflowError):
        raise InputError(f"{where}: expected a value and four indices") from None
    if not (np.isfinite(parts).all() and all(0 <= n <= norb for n in (i, j, k, l))):
        raise InputError(f"{where}: the value must be finite and indices from 0 to {norb}")
    if [n > 0 for n in (i, j, k, l)] != sorted((n > 0 for n in (i, j, k, l)), reverse=True) or (
        k > 0 and l == 0
    ):
        raise InputError(f"{where}: indices {i} {j} {k} {l} mean no integral")
    return complex(*parts), (i, j, k, l), bracketed


def _number(word: str) -> float:
    """A number as Fortran writes it: 1.5D-03, and 1.5-101 for exponents of three digits."""
    word = re.sub(r"(?<=[\d.])(?=[+-]\d{3}$)", "E", word.upper().replace("D", "E"))
    return float(word)


def _refuse_blocks(kinds: IntArray, path: object) -> None:
    """Unrestricted files list blocks of integrals with a line of zeros after each."""
    ends = np.flatnonzero(kinds == 0)
    if len(ends) > 1 and np.any(kinds[ends[0] : ends[-1]] > 1):
        raise InputError(
            f"{path} has {len(ends)} lines of the form 'value 0 0 0 0' with integrals between "
            f"them: these are blocks of unrestricted (UHF) integrals, which differ by spin; write "
            f"them over one set of orbitals (ROHF, or UHF natural ones)"
        )


def _core(values: ComplexArray, path: object) -> float:
    if len(values) == 0:
        return 0.0
    if np.abs(values - values[0]).max() > _EQUAL:
        raise InputError(f"{path} gives the core energy twice, with different values")
    if abs(values[0].imag) > _EQUAL:
        raise InputError(f"{path}: complex integrals whose core energy is not real")
    return float(values[0].real)


def _one_body(values: ComplexArray, indices: IntArray, norb: int, path: object) -> ComplexArray:
    one = np.zeros((norb, norb), dtype=complex)
    given = np.zeros((norb, norb), dtype=bool)
    for value, (i, j, _, _) in zip(values, indices, strict=True):
        if given[i, j] and abs(one[i, j] - value) > _EQUAL:
            raise InputError(
                f"{path} gives h({i + 1},{j + 1}) twice, as {_shown(one[i, j])} and {_shown(value)}"
            )
        one[i, j] = value
        one[j, i] = np.conj(value)
        given[i, j] = given[j, i] = True
    if np.abs(one - one.conj().T).max() > _EQUAL:
        raise InputError(f"{path}: complex integrals h(p,q) that are not Hermitian")
    return one


class _Table:
    """Two-body integrals as they are listed, indices from 0."""

    def __init__(self, indices: IntArray, values: ComplexArray, lines: IntArray, norb: int) -> None:
        self.indices, self.values, self.lines, self.norb = indices, values, lines, norb
        i, j, k, l = indices.T
        straight = [(i, j, k, l), (k, l, i, j), (j, i, l, k), (l, k, j, i)]
        crossed = [(i, j, l, k), (l, k, i, j), (j, i, k, l), (k, l, j, i)]
        codes = np.array([self._code(*form) for form in straight])
        self.own = codes[0]
        self.swapped, self.conjugate = codes[1], codes[2]
        self.fourfold = codes.min(axis=0)
        other = np.array([self._code(*form) for form in crossed])
        self.eightfold = np.minimum(self.fourfold, other.min(axis=0))
        self.orientation = np.sign(i - j) * np.sign(k - l)

    def _code(self, i: IntArray, j: IntArray, k: IntArray, l: IntArray) -> IntArray:
        return np.asarray(((i * self.norb + j) * self.norb + k) * self.norb + l)

    def is_of_complex_orbitals(self) -> bool:
        """Whether the listing, or a contradiction within it, shows fourfold symmetry."""
        crossed = self._classes(self.orientation < 0)
        straight = self._classes(self.orientation > 0)
        if crossed <= straight:
            return self._contradicts_real_orbitals()
        if crossed & straight:
            return True  # where both are not zero, both are listed
        moved = (self.conjugate != self.own) & (self.conjugate != self.swapped)
        equals = np.concatenate([self.own, self.swapped])
        if np.any(moved) and np.isin(self.conjugate[moved], equals).all():
            return True
        moved = self.swapped != self.own
        return bool(np.any(moved) and np.isin(self.swapped[moved], self.own).all())

    def exchanges_look_complex(self, count: int) -> bool:
        """Whether at least `count` exchange integrals are listed, all as (pq|qp), not (pq|pq)."""
        i, j, k, l = self.indices.T
        exchange = (i != j) & (((i == k) & (j == l)) | ((i == l) & (j == k)))
        signs = self.orientation[exchange]
        return bool(len(signs) >= count and np.all(signs < 0))

    def _classes(self, chosen: npt.NDArray[np.bool_]) -> set[int]:
        return set(self.eightfold[chosen].tolist())

    def _contradicts_real_orbitals(self) -> bool:
        """Whether (pq|rs) and (pq|sr) are listed with different values, each consistently."""
        order = np.lexsort((self.fourfold, self.eightfold))
        keys, inner, values = self.eightfold[order], self.fourfold[order], self.values[order]
        differs = (keys[1:] == keys[:-1]) & (np.abs(values[1:] - values[:-1]) > _EQUAL)
        return bool(np.any(differs) and not np.any(differs & (inner[1:] == inner[:-1])))

    def integrals(self, complex_orbitals: bool, path: object) -> ComplexArray:
        """Return all (pq|rs), and refuse lines that contradict each other."""
        keys = self.fourfold if complex_orbitals else self.eightfold
        # The value as it is for the key's own order of indices.
        conjugated = (self.own != keys) & (self.swapped != keys)
        values = np.where(conjugated & complex_orbitals, self.values.conj(), self.values)
        order = np.argsort(keys, kind="stable")
        same = keys[order][1:] == keys[order][:-1]
        apart = np.abs(values[order][1:] - values[order][:-1]) > _EQUAL
        clash = np.flatnonzero(same & apart)
        if len(clash):
            first, second = order[clash[0]], order[clash[0] + 1]
            i, j, k, l = (int(n) + 1 for n in self.indices[first])
            raise InputError(
                f"{path} gives ({i} {j}|{k} {l}) twice, as {_shown(self.values[first])} in line "
                f"{self.lines[first]} and {_shown(self.values[second])} in line "
                f"{self.lines[second]}; are these unrestricted integrals?"
            )
        two = np.zeros((self.norb,) * 4, dtype=complex)
        i, j, k, l = self.indices.T
        v, c = self.values, self.values.conj()
        two[i, j, k, l] = two[k, l, i, j] = v
        two[j, i, l, k] = two[l, k, j, i] = c
        if not complex_orbitals:
            two[j, i, k, l] = two[k, l, j, i] = two[i, j, l, k] = two[l, k, i, j] = v
        return two


def _shown(value: complex) -> str:
    return f"{value.real:g}" if value.imag == 0 else f"{value.real:g}{value.imag:+g}i"
