r"""Ansätze over spins: circuits for Hamiltonians that are sums of Pauli strings.

Ansätze of rotations and entanglers start from the Hamiltonian's product state, and a given circuit
is what it is. The Hamiltonian variational ansatz starts from dimers, the singlets (where bonds are
ferromagnetic, the triplets of S^z = 0) of every second bond, and evolves under the bonds in turn,

    |ψ(x)⟩ = Π_l Π_c exp(-i x_lc' Σ_{b in c} ZZ_b) exp(-i x_lc Σ_{b in c} (XX + YY)_b) |dimers⟩,

c the colours of the bonds, those of the dimers last; strings of one spin close a layer. Strings of
one factor commute, so every factor is exact, and S^z keeps the dimers' value: 0, or ½ where a site
is left over. Source: D. Wecker, M. Hastings, M. Troyer, arXiv:1507.08969; for spin chains W. W. Ho
and T. H. Hsieh, arXiv:1803.00026.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from qvopt_molecules.errors import InputError
from qvopt_molecules.pauli import PauliSum, label
from qvopt_molecules.spins import Hamiltonian, SpinHamiltonian

from .ansatz import Ansatz, Preparation, SpinAnsatz
from .circuit import Circuit
from .electrons import check_electrons
from .gates import Angle, Gate
from .given import GivenCircuit
from .mapping import in_mapping
from .objects import ObjectAnsatz
from .options import draw

_String: TypeAlias = tuple[tuple[int, ...], str, float]


def prepare(ansatz: Ansatz, hamiltonian: Hamiltonian, mapping: str) -> Preparation:
    """Return an ansatz over the qubits of a mapping, or over spins.

    Raises InputError for ansätze of orbitals, and for mappings, where there are only spins.
    """
    if not isinstance(hamiltonian, SpinHamiltonian):
        mapped = in_mapping(ansatz, mapping)
        circuit = mapped.circuit(hamiltonian)
        if mapping == "jordan-wigner" and isinstance(ansatz, GivenCircuit | ObjectAnsatz):
            check_electrons(circuit, hamiltonian)
        return Preparation(circuit, lambda rng: mapped.start(hamiltonian, rng))
    name = hamiltonian.label or "this Hamiltonian"
    if mapping != "jordan-wigner":
        raise InputError(
            f"{name} has spins, which are qubits already; leave the mapping {mapping} out"
        )
    if not isinstance(ansatz, SpinAnsatz):
        raise InputError(
            f"ansatz {ansatz.name} acts on orbitals, and {name} has spins; use hva, "
            f"qaoa, hardware-efficient, real-amplitudes, efficient-su2 or circuit"
        )
    return ansatz.over_spins(hamiltonian)


def usual_ansatz(observable: PauliSum) -> str:
    """Return the name of the ansatz for an operator where none is given.

    QAOA for a diagonal one, the Hamiltonian variational one for exchanges and fields along Z; else
    rotations and entanglers, real ones for a real operator.
    """
    if not observable.x.any():
        return "qaoa"
    pairs = all(_is_exchange(x, z) for x, z in zip(observable.x, observable.z, strict=True))
    if pairs:
        return "hva"
    real = np.all(np.bitwise_count(observable.x & observable.z) % 2 == 0)
    return "real-amplitudes" if real else "efficient-su2"


def _is_exchange(x: np.uint64, z: np.uint64) -> bool:
    """Whether a string is XX, YY, ZZ, Z or the identity."""
    count, kinds = int(x | z).bit_count(), {int(x), int(z)} - {0}
    return (count <= 1 and x == 0) or (count == 2 and len(kinds) == 1)


def variational_over_spins(
    hamiltonian: SpinHamiltonian, *, layers: int, step: float, spread: float
) -> Preparation:
    """Return the Hamiltonian variational ansatz over spins.

    Args:
        hamiltonian: a sum of XX, YY, ZZ of two spins and Z of one.
        layers: how often all parts are applied.
        step: the evolution time that the others rise to, in inverse units of the coefficients.
        spread: standard deviation of the random start about the ramp.
    """
    bonds, fields = _strings(hamiltonian)
    colours = _coloured(list(bonds))
    gates = [gate for bond in colours[0] for gate in _dimer(bond, bonds[bond])] if colours else []
    parts = []
    for colour in [*colours[1:], *colours[:1]]:
        strings = [string for bond in colour for string in bonds[bond]]
        diagonal = [s for s in strings if not s[1].strip("Z")]
        parts += [[s for s in strings if s not in diagonal], diagonal]
    dimers = len(parts) - 2 if colours else 0
    final = [k >= dimers for k in range(len(parts))]
    parts, final = [*parts, fields], [*final, False]
    kept = [(part, last) for part, last in zip(parts, final, strict=True) if part]
    index = 0
    for _ in range(layers):
        for part, _ in kept:
            gates += [Gate("pauli-rotation", qs, Angle(index, 2 * c), p) for qs, p, c in part]
            index += 1
    # From the dimers' Hamiltonian to the whole: the other bonds come up linearly.
    ramp = step * (np.arange(layers) + 0.5) / layers
    times = np.array([[step if last else r for _, last in kept] for r in ramp]).reshape(-1)
    circuit = Circuit(hamiltonian.n_qubits, tuple(gates), index)
    return Preparation(circuit, lambda rng: times + draw(times.size, spread, rng))


def _strings(
    hamiltonian: SpinHamiltonian,
) -> tuple[dict[tuple[int, ...], list[_String]], list[_String]]:
    """Strings of two spins by their bond, and those of one spin."""
    bonds: dict[tuple[int, ...], list[_String]] = {}
    fields: list[_String] = []
    observable = hamiltonian.observable.without_identity()
    for x, z, c in zip(observable.x, observable.z, observable.coefficients, strict=True):
        letters = label(int(x), int(z), hamiltonian.n_qubits)
        qubits = tuple(q for q, letter in enumerate(letters) if letter != "I")
        paulis = letters.replace("I", "")
        if paulis in ("XX", "YY", "ZZ"):
            bonds.setdefault(qubits, []).append((qubits, paulis, float(c)))
        elif paulis == "Z":
            fields.append((qubits, paulis, float(c)))
        else:
            raise InputError(
                f"hva over spins takes XX, YY and ZZ of two spins and Z of one, and "
                f"{hamiltonian.label or 'the Hamiltonian'} has {letters[:60]}; use "
                f"hardware-efficient"
            )
    return bonds, fields


def _coloured(bonds: list[tuple[int, ...]]) -> list[list[tuple[int, ...]]]:
    """Split bonds into sets that share no spin; on a chain the even ones, then the odd ones."""
    colours: list[list[tuple[int, ...]]] = []
    # Neighbours first, so that what closes a ring finds its place last.
    for bond in sorted(bonds, key=lambda bond: (bond[1] - bond[0], bond)):
        for colour in colours:
            if not any(set(bond) & set(other) for other in colour):
                colour.append(bond)
                break
        else:
            colours.append([bond])
    return colours


def _dimer(bond: tuple[int, ...], strings: list[_String]) -> list[Gate]:
    """Prepare (|01⟩ - |10⟩)/√2, or (|01⟩ + |10⟩)/√2 where the exchange is ferromagnetic."""
    p, q = bond
    exchange = sum(c for _, paulis, c in strings if paulis != "ZZ")
    flips = [Gate("x", (p,))] if exchange >= 0 else []
    return [*flips, Gate("x", (q,)), Gate("h", (p,)), Gate("cx", (p, q))]
