"""Heisenberg chains against dense matrices and Bethe's energies, and spins on disk."""

from functools import reduce

import numpy as np
import pytest

from qvopt_molecules import heisenberg_chain, load_hamiltonian, save_hamiltonian
from qvopt_molecules.errors import InputError
from qvopt_molecules.lattice import lattice_hamiltonian
from qvopt_molecules.spin_energies import ground_energy, ground_energy_if_small
from qvopt_molecules.spins import product_energy

SPINS = [
    np.array([[0, 1], [1, 0]]) / 2,
    np.array([[0, -1j], [1j, 0]]) / 2,
    np.array([[1, 0], [0, -1]]) / 2,
]


def on(operator, site, n):
    """Site 0 is the lowest bit, hence the last factor."""
    factors = [operator if n - 1 - k == site else np.eye(2) for k in range(n)]
    return reduce(np.kron, factors)


def dense(n, j=1.0, delta=1.0, field=0.0, periodic=False):
    """By the definition, from spin matrices alone."""
    bonds = [(p, p + 1) for p in range(n - 1)] + ([(n - 1, 0)] if periodic else [])
    h = np.zeros((1 << n, 1 << n), dtype=complex)
    for p, q in bonds:
        for s, weight in zip(SPINS, (1, 1, delta), strict=True):
            h += j * weight * on(s, p, n) @ on(s, q, n)
    return h - field * sum(on(SPINS[2], p, n) for p in range(n))


@pytest.mark.parametrize(
    "settings",
    [
        {"sites": 2},
        {"sites": 5, "j": -0.7, "delta": 0.3},
        {"sites": 6, "delta": 1.8, "field": 0.4, "periodic": 1},
        {"sites": 5, "field": 3.0, "periodic": 1},
    ],
)
def test_matrix_and_ground_energy_against_the_definition(settings):
    h = heisenberg_chain(settings)
    expected = dense(settings["sites"], **{k: v for k, v in settings.items() if k != "sites"})
    assert np.allclose(h.observable.to_sparse().toarray(), expected, atol=1e-12)
    assert ground_energy(h) == pytest.approx(np.linalg.eigvalsh(expected)[0], abs=1e-10)
    product = product_energy(h.observable, h.reference)
    assert product == pytest.approx(expected[h.reference, h.reference].real, abs=1e-12)
    assert product >= ground_energy(h) - 1e-12


@pytest.mark.parametrize(
    ("sites", "energy"),
    [(4, -2.0), (6, -(1 + np.sqrt(13)) / 2 - 0.5), (10, -4.515446354), (12, -5.387390917)],
)
def test_rings_against_bethe(sites, energy):
    """Energies of the Bethe ansatz; dense below nine spins, Lanczos above."""
    assert ground_energy(heisenberg_chain({"sites": sites, "periodic": 1})) == pytest.approx(
        energy, abs=1e-8
    )


def test_reference_is_the_lowest_product_state():
    assert heisenberg_chain({"sites": 4}).reference == 0b1010
    assert heisenberg_chain({"sites": 4, "j": -1, "field": 0.1}).reference == 0
    assert heisenberg_chain({"sites": 4, "field": -9}).reference == 0b1111


def test_storage_and_damage(tmp_path):
    h, path = heisenberg_chain({"sites": 5, "field": 0.2}), tmp_path / "h.npz"
    save_hamiltonian(h, path)
    again = load_hamiltonian(path)
    assert again.content_hash() == h.content_hash()
    assert (again.label, again.reference) == (h.label, h.reference)
    with np.load(path) as data:
        arrays = dict(data)
    arrays["coefficients"] = arrays["coefficients"] * 1.5
    np.savez(path, **arrays)
    with pytest.raises(InputError, match="damaged"):
        load_hamiltonian(path)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sits": 4}, "did you mean 'sites'"),
        ({"sites": 1}, "whole number from 2 to 64"),
        ({"sites": 4.5}, "whole number"),
        ({"j": np.inf}, "j must be a number"),
        ({"periodic": 2}, "periodic must be"),
    ],
)
def test_bad_parameters_are_one_line(settings, message):
    with pytest.raises(InputError, match=message) as caught:
        heisenberg_chain(settings)
    assert "\n" not in str(caught.value)


def test_what_spins_are_not():
    h = heisenberg_chain()
    with pytest.raises(InputError, match="no orbitals"):
        h.orbitals()
    with pytest.raises(InputError, match="takes no spin"):
        lattice_hamiltonian("heisenberg", {}, 1)
    wide = heisenberg_chain({"sites": 17})
    assert ground_energy_if_small(wide) is None
    with pytest.raises(InputError, match="at most 16"):
        ground_energy(wide)
