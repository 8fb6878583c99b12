"""FCIDUMP files: integrals exchanged with other programs (Knowles & Handy, CPC 54, 75 (1989)).

A header `&FCI NORB=…, NELEC=…, MS2=…, ORBSYM=…, &END` (or `/`), then lines `value i j k l` for
(ij|kl) in chemists' order, `value i j 0 0` for h_ij and `value 0 0 0 0` for the core energy,
orbitals counted from 1.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from qvopt_molecules.arrays import FloatArray

from .atomic_files import write_file
from .complex_orbitals import real_integrals
from .errors import InputError
from .fcidump_entries import read_integrals
from .hamiltonian import MolecularHamiltonian
from .reordering import with_reference
from .textfile import read_text_file

_MAX_ORBITALS = 64
_MAX_BYTES = 256 << 20
_ZERO = 1e-9
_ENTRY = re.compile(r"([A-Z][A-Z0-9]*)\s*=\s*([^=]*?)(?=,?\s*[A-Z][A-Z0-9]*\s*=|,?\s*$)", re.S)


def read_fcidump(
    path: str | Path,
    *,
    charge: int | None = None,
    spin: int | None = None,
    occupied: Sequence[int] | None = None,
) -> MolecularHamiltonian:
    """Read a restricted FCIDUMP file of at most 64 orbitals.

    Takes what Molpro, Psi4, CheMPS2, NECI, Block, Dice, OpenMolcas and PySCF write: `&END` or `/`,
    any line breaks in the header, `D` exponents, integrals in any order, orbital energies as
    `value i 0 0 0`. Orbitals may be in any order, such as that of their symmetry: those of the
    lowest determinant are put first, which a note of the Hamiltonian says. ISYM > 1 asks for the
    symmetry of an open shell's determinant, ISYM = 1 is what programs write by default. Integrals
    over complex orbitals are taken where pairs of these combine to real ones, as plane waves do.

    Args:
        path: the file.
        charge: refused unless None or 0: a file fixes its number of electrons.
        spin: number of unpaired electrons, in place of MS2.
        occupied: the occupied orbitals of the reference, counted from 1 as in the file, in any
            order; where electrons are unpaired, all that hold one or two. None chooses the lowest
            determinant.

    Raises:
        InputError: naming the line that is wrong; for unrestricted integrals, with or without a
            flag; for values that contradict each other; for orbitals that stay complex.
    """
    text = read_text_file(path, "FCIDUMP file", _MAX_BYTES)
    end = re.search(r"[&$]END|^\s*/\s*$|/\s*$", text[: 1 << 16], re.I | re.M)
    if not re.match(r"\s*[&$]FCI\b", text, re.I) or end is None:
        raise InputError(f"{path} is not an FCIDUMP file: no &FCI … &END header")
    header = _header(re.sub(r"[&$]FCI", "", text[: end.start()].upper(), count=1), path)
    norb, nelec, ms2 = (header.get(k, [0])[0] for k in ("NORB", "NELEC", "MS2"))
    if not 1 <= norb <= _MAX_ORBITALS:
        raise InputError(f"{path}: NORB must be from 1 to {_MAX_ORBITALS}, got {norb}")
    if header.get("IUHF", [0])[0] or header.get("UHF", [0])[0]:
        raise InputError(
            f"{path}: unrestricted (UHF) integrals are not supported, which differ by spin; write "
            f"them over one set of orbitals (ROHF, or UHF natural ones)"
        )
    if charge:
        raise InputError(
            f"{path} holds {nelec} electrons (NELEC); a charge does not go with an FCIDUMP file: "
            f"change NELEC there"
        )
    given = f"MS2={ms2}" if spin is None else f"spin = {spin}"
    ms2 = ms2 if spin is None else spin
    n_alpha, n_beta = (nelec + ms2) // 2, (nelec - ms2) // 2
    if (nelec + ms2) % 2 or not all(0 <= n <= norb for n in (n_alpha, n_beta)):
        raise InputError(f"{path}: NELEC={nelec}, {given} do not fit NORB={norb}")
    first_line = text[: end.end()].count("\n") + 1
    read = read_integrals(text[end.end() :], norb, first_line, path)
    notes: list[str] = []
    one, two = read.one_body, read.two_body
    if np.iscomplexobj(two):
        real = real_integrals(one.astype(complex), two.astype(complex))
        if real is None:
            raise InputError(
                f"{path} has complex integrals, or real ones over complex orbitals: (pq|rs) "
                f"differs from (qp|rs), and no pairs of orbitals combine to real ones; write them "
                f"over real orbitals"
            )
        one, two = real
        notes.append("complex orbitals of the file were combined in pairs to real ones")
    one, two = np.asarray(one, dtype=np.float64), np.asarray(two, dtype=np.float64)
    if _over_spin_orbitals(two):
        raise InputError(
            f"{path}: integrals over spin orbitals, of which some never exchange with others, are "
            f"not supported; write them over spatial orbitals"
        )
    symmetry = header.get("ORBSYM")
    irreps = _irreps(symmetry, one, two)
    if irreps is None and symmetry is not None and any(s != 0 for s in symmetry):
        notes.append("ORBSYM of the file does not fit its orbitals and integrals, and is left out")
    hamiltonian = MolecularHamiltonian(
        core_energy=read.core_energy,
        one_body=one,
        two_body=two,
        n_alpha=n_alpha,
        n_beta=n_beta,
        irreps=irreps,
        label=Path(path).stem[:40],
        notes=tuple(notes),
    )
    return with_reference(hamiltonian, header.get("ISYM", [0])[0], occupied, path)


def _header(text: str, path: str | Path) -> dict[str, list[int]]:
    out: dict[str, list[int]] = {}
    for key, value in _ENTRY.findall(text.strip().rstrip(",")):
        words = [w for w in re.split(r"[,\s]+", value) if w]
        flags = {".TRUE.": "1", ".FALSE.": "0", "T": "1", "F": "0", "TRUE": "1", "FALSE": "0"}
        words = [flags.get(w, w) for w in words]
        words = [w for word in words for w in _repeated(word)]
        if not words or not all(re.fullmatch(r"[+-]?\d{1,7}", w) for w in words):
            if key in ("NORB", "NELEC", "MS2"):
                raise InputError(f"{path}: {key} in the header is not a whole number")
            continue
        numbers = [int(w) for w in words]
        if out.setdefault(key, numbers) != numbers:
            raise InputError(f"{path}: the header gives {key} twice, with different values")
    for key in ("NORB", "NELEC"):
        if key not in out:
            raise InputError(f"{path}: the header has no {key}")
    return out


def _repeated(word: str) -> list[str]:
    """Fortran's namelists may write 3*1 for 1,1,1."""
    count, star, value = word.partition("*")
    if star and count.isdecimal() and int(count) <= 2 * _MAX_ORBITALS:
        return [value] * int(count)
    return [word]


def _irreps(symmetry: list[int] | None, one: FloatArray, two: FloatArray) -> tuple[int, ...] | None:
    """Labels of ORBSYM from 0, where they are those of an abelian group and fit the integrals."""
    if symmetry is None or len(symmetry) != len(one) or not all(1 <= s <= 8 for s in symmetry):
        return None
    irreps = tuple(s - 1 for s in symmetry)
    return irreps if _allowed(one, two, irreps) else None


def _over_spin_orbitals(two: FloatArray) -> bool:
    """Whether orbitals fall into two halves that repel but never exchange.

    (pq|qp) of two spatial orbitals is a repulsion, and positive unless they nowhere overlap.
    """
    n = len(two)
    exchange, coulomb = np.einsum("pqqp->pq", two), np.einsum("ppqq->pq", two)
    if n < 4 or n % 2:
        return False
    halves = (np.arange(n) % 2, np.arange(n) // (n // 2))
    for half in halves:
        same = (half[:, None] == half) & ~np.eye(n, dtype=bool)
        other = half[:, None] != half
        if (
            np.abs(exchange[other]).max() < _ZERO
            and np.abs(exchange[same]).min() > _ZERO
            and np.abs(coulomb[other]).min() > _ZERO
        ):
            return True
    return False


def _allowed(one: FloatArray, two: FloatArray, irreps: tuple[int, ...]) -> bool:
    label = np.array(irreps)
    pair = label[:, None] ^ label[None, :]
    return bool(
        np.abs(one[pair != 0]).max(initial=0.0) < 1e-9
        and np.abs(two[(pair[:, :, None, None] ^ pair[None, None]) != 0]).max(initial=0.0) < 1e-9
    )


def write_fcidump(hamiltonian: MolecularHamiltonian, path: str | Path) -> None:
    """Write a Hamiltonian, digits enough to read back the same floats."""
    h = hamiltonian
    n = h.norb
    symmetry = [1] * n if h.irreps is None else [i % 10 + 1 for i in h.irreps]
    lines = [
        f" &FCI NORB={n}, NELEC={h.n_electrons}, MS2={h.n_alpha - h.n_beta},",
        f"  ORBSYM={','.join(str(s) for s in symmetry)},",
        "  ISYM=1,",
        " &END",
    ]
    for i in range(n):
        for j in range(i + 1):
            for k in range(i + 1):
                for l in range((j if k == i else k) + 1):
                    value = float(h.two_body[i, j, k, l])
                    if value:
                        lines.append(f"{value!r:>25} {i + 1:3d} {j + 1:3d} {k + 1:3d} {l + 1:3d}")
    for i in range(n):
        for j in range(i + 1):
            if h.one_body[i, j]:
                lines.append(f"{float(h.one_body[i, j])!r:>25} {i + 1:3d} {j + 1:3d}   0   0")
    lines.append(f"{h.core_energy!r:>25}   0   0   0   0")
    path = Path(path)
    try:
        write_file(path, ("\n".join(lines) + "\n").encode("ascii"))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
