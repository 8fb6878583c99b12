"""Names of the Gaussian basis sets that can be asked for, with and without core potentials."""

from __future__ import annotations

import re
from typing import Final

from .errors import InputError, unknown_name

BASIS_NAMES: Final = (
    "sto-3g", "sto-6g", "minao", "dz", "dzp", "tzp", "qzp", "tzv", "3-21g", "3-21g*",
    "3-21++g", "4-31g", "6-31g", "6-31g*", "6-31g**", "6-31+g", "6-31+g*", "6-31+g**",
    "6-31++g", "6-31++g*", "6-31++g**", "6-311g", "6-311g*", "6-311g**", "6-311+g",
    "6-311+g*", "6-311+g**", "6-311++g", "6-311++g*", "6-311++g**", "cc-pvdz", "cc-pvtz",
    "cc-pvqz", "cc-pv5z", "aug-cc-pvdz", "aug-cc-pvtz", "aug-cc-pvqz", "aug-cc-pv5z",
    "cc-pcvdz", "cc-pcvtz", "cc-pcvqz", "def2-svp", "def2-svpd", "def2-tzvp", "def2-tzvpd",
    "def2-tzvpp", "def2-tzvppd", "def2-qzvp", "def2-qzvpd", "def2-qzvpp", "def2-qzvppd", "pc-0", "pc-1", "pc-2", "pc-3",
    "aug-pc-0", "aug-pc-1", "aug-pc-2", "pcseg-0", "pcseg-1", "pcseg-2", "pcseg-3", "ano-rcc",
    "cc-pvdz-pp", "cc-pvtz-pp", "cc-pvqz-pp", "cc-pv5z-pp", "aug-cc-pvdz-pp", "aug-cc-pvtz-pp",
    "aug-cc-pvqz-pp", "lanl2dz", "lanl2tz", "lanl08", "sbkjc", "stuttgart-rsc", "stuttgart-rlc",
    "crenbl", "crenbs",
)  # fmt: skip
_POLARISED: Final = {r"\(d, ?p\)$": "**", r"\(d\)$": "*"}
_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+*_ -]{0,29}", re.ASCII)
_BY_KEY: Final = {re.sub(r"[-_ ]", "", name): name for name in BASIS_NAMES} | {
    "stuttgart": "stuttgart-rlc",
}


def basis_name(text: str) -> str:
    """Return the usual spelling of a basis name given in any case, hyphens optional.

    Polarisation may be written as stars or in brackets: 6-31G(d,p) is 6-31g**.

    Raises:
        InputError: malformed or unknown; the nearest names are suggested.

    >>> basis_name("STO3G")
    'sto-3g'
    >>> basis_name("6-31G(d,p)")
    '6-31g**'
    """
    if isinstance(text, str):
        for written, stars in _POLARISED.items():
            text = re.sub(written, stars, text.strip(), flags=re.IGNORECASE)
    if not isinstance(text, str) or not _PATTERN.fullmatch(text):
        raise InputError(f"'{str(text)[:30]}' is not the name of a basis set, such as sto-3g")
    name = _BY_KEY.get(re.sub(r"[-_ ]", "", text.lower()))
    if name is None:
        raise unknown_name("basis", text, BASIS_NAMES)
    return name
