"""CISD over its own determinants, against that of the whole sector and PySCF's matrix elements."""

import numpy as np
import pytest

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.few_excitations import cisd_determinants, cisd_vector, excitations
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.states import cisd_state, sector_bits


@pytest.mark.parametrize(
    ("name", "options"),
    [("h2", {}), ("lih", {}), ("beh2", {}), ("lih", {"charge": -1, "spin": 1}),
     ("h2", {"charge": 1, "spin": 1}), ("h4-chain", {"spin": 2})],
)  # fmt: skip
def test_the_state_is_that_of_the_sector(name, options):
    h = build_hamiltonian(find_molecule(name, **options))
    bits, amplitudes = cisd_vector(h)
    everything = sector_bits(h)
    order = np.argsort(everything)
    full = np.zeros(len(everything))
    full[order[np.searchsorted(everything[order], bits)]] = amplitudes
    expected = cisd_state(h).reshape(-1)
    assert abs(full @ expected) == pytest.approx(1.0, abs=1e-9)
    assert len(bits) == len(set(bits.tolist()))


def test_excitations_are_pyscfs():
    from pyscf import fci

    norb, electrons = 4, (2, 1)
    strings = [fci.cistring.make_strings(range(norb), n) for n in electrons]
    bits = np.sort((strings[0][:, None] | strings[1][None, :] << norb).reshape(-1))
    targets, places, signs = excitations(bits, norb)
    rng = np.random.default_rng(0)
    one = rng.normal(size=(norb, norb))
    one = one + one.T - np.diag(2 * one.diagonal())
    psi = rng.normal(size=(len(strings[0]), len(strings[1])))
    expected = fci.direct_spin1.contract_1e(one, psi, norb, electrons)
    amplitude = {int(a | b << norb): psi[i, j] for i, a in enumerate(strings[0])
                 for j, b in enumerate(strings[1])}  # fmt: skip
    image = dict.fromkeys(amplitude, 0.0)
    for d, bit in enumerate(bits.tolist()):
        for target, place, sign in zip(targets[d], places[d], signs[d], strict=True):
            image[int(target)] += one.reshape(-1)[place] * sign * amplitude[bit]
    for i, a in enumerate(strings[0]):
        for j, b in enumerate(strings[1]):
            assert image[int(a | b << norb)] == pytest.approx(expected[i, j], abs=1e-12)


def test_determinants_are_those_of_two_excited_electrons():
    h = build_hamiltonian(find_molecule("lih"))
    bits, n = cisd_determinants(h), h.norb
    assert len(bits) == 1 + 16 + 2 * 6 + 64 == 93
    lowest = 0b11 | 0b11 << n
    assert np.all(np.bitwise_count(bits & lowest) >= 2)
