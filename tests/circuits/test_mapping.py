"""Mapped circuits prepare the mapped state."""

import numpy as np
import pytest

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.mapping import MAPPINGS, encoding, in_mapping, map_circuit
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.errors import InputError


def relabelled(state: np.ndarray, mapping: str, n: int) -> np.ndarray:
    """Move each amplitude of a Jordan-Wigner state to its encoded bit string, bit by bit."""
    out = np.zeros_like(state)
    dropped = (n // 2 - 1, n - 1) if mapping == "parity-reduced" else ()
    for index in np.flatnonzero(np.abs(state) > 1e-14):
        occupied = [int(index) >> q & 1 for q in range(n)]
        if mapping.startswith("parity"):
            bits = [sum(occupied[: q + 1]) % 2 for q in range(n)]
        else:  # the partial sums of a binary indexed tree: index q + 1 covers its lowest set bit
            spans = [(q + 1) & -(q + 1) for q in range(n)]
            bits = [sum(occupied[q + 1 - spans[q] : q + 1]) % 2 for q in range(n)]
        kept = [bit for q, bit in enumerate(bits) if q not in dropped]
        out[sum(bit << k for k, bit in enumerate(kept))] += state[index]
    return out[: 1 << (n - len(dropped))]


def same_up_to_phase(a: np.ndarray, b: np.ndarray) -> bool:
    return abs(np.vdot(a, b)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("mapping", MAPPINGS[1:])
@pytest.mark.parametrize("name", ["h2", "h3", "h4"])
def test_cluster_states_are_relabelled(mapping, name, molecule):
    h = molecule(name)
    ansatz = UCCSD()
    circuit = ansatz.circuit(h)
    mapped = in_mapping(ansatz, mapping).circuit(h)
    assert mapped.n_parameters == circuit.n_parameters
    assert {g.name for g in mapped.gates} == {"x", "pauli-rotation"}
    x = np.random.default_rng(4).normal(size=circuit.n_parameters) * 0.4
    expected = relabelled(circuit_state(circuit, x), mapping, h.n_qubits)
    assert same_up_to_phase(circuit_state(mapped, x), expected)
    zeros = np.zeros_like(x)
    np.testing.assert_array_equal(in_mapping(ansatz, mapping).start(h, None), zeros)


@pytest.mark.parametrize("mapping", ["parity", "bravyi-kitaev"])
@pytest.mark.parametrize("seed", range(4))
def test_any_rotations_are_relabelled(mapping, seed, random_circuit):
    rng = np.random.default_rng(seed)
    names = ("rx", "ry", "rz", "pauli-rotation", "single-excitation", "double-excitation",
             "number-phase", "coulomb-phase")  # fmt: skip
    drawn = random_circuit(rng, 6, 15, names)
    circuit = Circuit(6, (Gate("x", (4,)), Gate("x", (1,)), *drawn.gates), 3)
    x = rng.normal(size=3)
    expected = relabelled(circuit_state(circuit, x), mapping, 6)
    assert same_up_to_phase(circuit_state(map_circuit(circuit, mapping), x), expected)


@pytest.mark.parametrize("mapping", MAPPINGS)
@pytest.mark.parametrize("entangler", ["cx", "cz"])
def test_hardware_efficient_starts_at_the_mapped_reference(mapping, entangler, molecule):
    h = molecule("h3")
    ansatz = in_mapping(HardwareEfficient(2, entangler=entangler, spread=0.0), mapping)
    circuit = ansatz.circuit(h)
    start = ansatz.start(h, np.random.default_rng(0))
    assert start.shape == (circuit.n_parameters,)
    jordan_wigner = np.zeros(64, dtype=complex)
    jordan_wigner[0b001011] = 1
    expected = (
        jordan_wigner if mapping == "jordan-wigner" else relabelled(jordan_wigner, mapping, 6)
    )
    assert circuit.n_qubits == (4 if mapping == "parity-reduced" else 6)
    assert same_up_to_phase(circuit_state(circuit, start), expected)


def test_what_cannot_be_mapped_is_refused():
    ry = Circuit(4, (Gate("ry", (0,), Angle(0)),), 1)
    with pytest.raises(InputError, match="use the parity mapping"):
        map_circuit(ry, "parity-reduced")
    with pytest.raises(InputError, match="cx gate after the reference"):
        map_circuit(Circuit(4, (Gate("cx", (0, 1)),), 0), "parity")
    with pytest.raises(InputError, match="did you mean 'parity'"):
        map_circuit(ry, "party")
    with pytest.raises(InputError, match="did you mean 'bravyi-kitaev'"):
        in_mapping(UCCSD(), "bravyi-kitaeff")
    assert map_circuit(ry, "jordan-wigner") is ry


def test_bravyi_kitaev_of_eight_is_the_published_matrix():
    """Seeley, Richard and Love (arXiv:1208.5986), equation for n = 8."""
    rows = encoding("bravyi-kitaev", 8).rows
    matrix = [[row >> k & 1 for k in range(8)] for row in rows]
    assert matrix == [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 0, 0, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 0, 0, 0, 0],
        [0, 0, 0, 0, 1, 0, 0, 0],
        [0, 0, 0, 0, 1, 1, 0, 0],
        [0, 0, 0, 0, 0, 0, 1, 0],
        [1, 1, 1, 1, 1, 1, 1, 1],
    ]
