"""Where the circuits meet the molecules: amplitudes to start from, and mapped Hamiltonians."""

import numpy as np
import pytest

from qvopt_circuits.mapping import MAPPINGS, in_mapping
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules import mappings


def energy(observable, state: np.ndarray) -> float:
    """⟨ψ|H|ψ⟩ string by string: P|n⟩ = i^{#Y} (-1)^{|n & z|} |n ^ x⟩."""
    n = np.arange(len(state))
    total = 0.0
    strings = zip(observable.x, observable.z, observable.coefficients, strict=True)
    for x, z, c in ((int(x), int(z), float(c)) for x, z, c in strings):
        sign = 1 - 2.0 * (np.bitwise_count(n & z) & 1)
        image = 1j ** (x & z).bit_count() * sign * state
        total += c * np.vdot(state[n ^ x], image).real
    return total


def energy_at_start(ansatz, h) -> float:
    x = ansatz.start(h, np.random.default_rng(0))
    observable = mappings.qubit_hamiltonian(h, "jordan-wigner")
    return energy(observable, circuit_state(ansatz.circuit(h), x))


@pytest.mark.parametrize("adapted", [False, True])
@pytest.mark.parametrize("order", ["canonical", "mp2"])
def test_amplitudes_start_below_hartree_fock(adapted, order, molecule):
    h = molecule("h4")
    hf, mp2, ccsd = (
        energy_at_start(UCCSD(adapted, order=order, initial=initial), h)
        for initial in ("zeros", "mp2", "ccsd")
    )
    fci = -2.16638745  # PySCF, STO-3G chain with 1 Å between neighbours
    assert hf == pytest.approx(-2.09854594, abs=1e-7)
    # CCSD amplitudes put into the unitary ansatz are nearly optimal, MP2 ones half-way.
    assert fci < ccsd < fci + 0.02 * (hf - fci)
    assert fci < mp2 < fci + 0.6 * (hf - fci)


def test_open_shells_start_from_amplitudes_too(molecule):
    h = molecule("h3")
    energies = [energy_at_start(UCCSD(initial=i), h) for i in ("zeros", "ccsd")]
    assert energies[1] < energies[0] - 1e-3


def test_mp2_order_decreases(molecule):
    h = molecule("h4")
    ansatz = UCCSD(order="mp2", initial="mp2")
    sizes = np.abs(ansatz.start(h, np.random.default_rng(0)))
    assert (np.diff(sizes) <= 1e-9).all()
    excitations = [c[0][0] for c in ansatz.clusters(h)]
    assert sorted(excitations) == sorted(c[0][0] for c in UCCSD().clusters(h))


@pytest.mark.parametrize("name", ["h2", "h3", "h4"])
def test_energies_are_equal_in_every_mapping(name, molecule):
    h = molecule(name)
    rng = np.random.default_rng(7)
    x = 0.3 * rng.normal(size=UCCSD().circuit(h).n_parameters)
    energies = []
    for mapping in MAPPINGS:
        circuit = in_mapping(UCCSD(), mapping).circuit(h)
        observable = mappings.qubit_hamiltonian(h, mapping)
        assert observable.n_qubits == circuit.n_qubits
        energies.append(energy(observable, circuit_state(circuit, x)))
    np.testing.assert_allclose(energies, energies[0], atol=1e-9)
