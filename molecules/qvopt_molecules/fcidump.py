"""FCIDUMP files: integrals exchanged with other programs (Knowles & Handy, CPC 54, 75 (1989)).

A header `&FCI NORB=…, NELEC=…, MS2=…, ORBSYM=…, &END` (or `/`), then lines `value i j k l` for
(ij|kl) in chemists' order, `value i j 0 0` for h_ij and `value 0 0 0 0` for the core energy,
orbitals counted from 1.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .hamiltonian import MolecularHamiltonian
from .textfile import read_text_file

FloatArray = npt.NDArray[np.float64]

_MAX_ORBITALS = 64
_MAX_BYTES = 256 << 20
_ENTRY = re.compile(r"([A-Z][A-Z0-9]*)\s*=\s*([^=]*?)(?=,?\s*[A-Z][A-Z0-9]*\s*=|,?\s*$)", re.S)


def read_fcidump(path: str | Path) -> MolecularHamiltonian:
    """Read a restricted FCIDUMP file of at most 64 orbitals.

    Takes what Molpro, NECI, Block, Dice, OpenMolcas and PySCF write: `&END` or `/`, any line
    breaks in the header, `D` exponents, spin-free integrals in any order, orbital energies as
    `value i 0 0 0`. ISYM is not used: runs start from the determinant of the lowest orbitals.

    Raises InputError naming the line that is wrong, and for unrestricted or complex integrals.
    """
    text = read_text_file(path, "FCIDUMP file", _MAX_BYTES)
    end = re.search(r"&END|^\s*/\s*$|/\s*$", text[: 1 << 16], re.I | re.M)
    if not re.match(r"\s*&FCI\b", text, re.I) or end is None:
        raise InputError(f"{path} is not an FCIDUMP file: no &FCI … &END header")
    header = _header(text[: end.start()].upper().replace("&FCI", "", 1), path)
    norb, nelec, ms2 = (header.get(k, [0])[0] for k in ("NORB", "NELEC", "MS2"))
    if not 1 <= norb <= _MAX_ORBITALS:
        raise InputError(f"{path}: NORB must be from 1 to {_MAX_ORBITALS}, got {norb}")
    if header.get("IUHF", [0])[0] or header.get("UHF", [0])[0]:
        raise InputError(
            f"{path}: unrestricted (UHF) integrals are not supported, which differ by spin; write "
            f"them over one set of orbitals (ROHF, or UHF natural ones)"
        )
    if (nelec + ms2) % 2 or abs(ms2) > nelec or not 0 <= nelec <= 2 * norb:
        raise InputError(f"{path}: NELEC={nelec}, MS2={ms2} do not fit NORB={norb}")
    first_line = text[: end.end()].count("\n") + 1
    core, one, two = _integrals(text[end.end() :], norb, first_line, path)
    symmetry = header.get("ORBSYM")
    # ORBSYM counts from 1; PySCF's labels are one less. Kept only where it is one a molpro table.
    irreps = None
    if symmetry is not None and len(symmetry) == norb and all(1 <= s <= 8 for s in symmetry):
        irreps = tuple(s - 1 for s in symmetry)
        irreps = irreps if _allowed(one, two, irreps) else None
    return MolecularHamiltonian(
        core_energy=core,
        one_body=one,
        two_body=two,
        n_alpha=(nelec + ms2) // 2,
        n_beta=(nelec - ms2) // 2,
        irreps=irreps,
        label=Path(path).stem[:40],
    )


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
        out[key] = [int(w) for w in words]
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


def _integrals(
    text: str, norb: int, line: int, path: str | Path
) -> tuple[float, FloatArray, FloatArray]:
    core = 0.0
    one, two = np.zeros((norb, norb)), np.zeros((norb, norb, norb, norb))
    for number, row in enumerate(text.splitlines(), start=line):
        words = row.replace(",", " ").split()
        if not words:
            continue
        if words[0].startswith("("):
            raise InputError(
                f"{path}, line {number}: complex integrals are not supported; write real ones"
            )
        try:
            value = float(words[0].upper().replace("D", "E"))
            i, j, k, l = (int(w) for w in words[1:])
        except (ValueError, OverflowError):
            raise InputError(f"{path}, line {number}: expected a value and four indices") from None
        if not (np.isfinite(value) and all(0 <= n <= norb for n in (i, j, k, l))):
            raise InputError(
                f"{path}, line {number}: the value must be finite and indices from 0 to {norb}"
            )
        i, j, k, l = i - 1, j - 1, k - 1, l - 1
        if min(i, j, k, l) >= 0:
            for p, q in ((i, j), (j, i)):
                for r, s in ((k, l), (l, k)):
                    two[p, q, r, s] = two[r, s, p, q] = value
        elif i >= 0 and j >= 0 and k < 0 and l < 0:
            one[i, j] = one[j, i] = value
        elif max(i, j, k, l) < 0:
            core = value
        elif i < 0 or k >= 0 or l >= 0:
            raise InputError(f"{path}, line {number}: indices {words[1:]} mean no integral")
        # `value i 0 0 0` is an orbital energy, which follows from the integrals
    return core, one, two


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
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from None
