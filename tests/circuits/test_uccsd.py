"""UCCSD: the excitations, their order and ties, and the energies it reaches."""

import numpy as np
import pytest
from pyscf import fci
from pyscf.fci import cistring
from scipy.optimize import minimize

from qvopt_circuits.circuit import Circuit
from qvopt_circuits.excitations import double_excitations, single_excitations
from qvopt_circuits.matrices import circuit_state
from qvopt_circuits.uccsd import UCCSD
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian


class Sector:
    """The plain way: pair rotations on the amplitudes of one (n_alpha, n_beta) sector."""

    def __init__(self, h: MolecularHamiltonian, circuit: Circuit):
        n, nelec = h.norb, (h.n_alpha, h.n_beta)
        alpha, beta = (cistring.make_strings(range(n), k) for k in nelec)
        strings = (alpha[:, None] | (beta[None, :] << n)).ravel()
        place = {int(s): k for k, s in enumerate(strings)}
        folded = fci.direct_spin1.absorb_h1e(h.one_body, h.two_body, n, nelec, 0.5)
        columns = [
            fci.direct_spin1.contract_2e(folded, e.reshape(len(alpha), -1), n, nelec).ravel()
            for e in np.eye(len(strings))
        ]
        self.matrix = np.array(columns) + h.core_energy * np.eye(len(strings))
        self.circuit = circuit
        ones = sum(1 << g.qubits[0] for g in circuit.gates if g.name == "x")
        self.reference = np.zeros(len(strings))
        self.reference[place[ones]] = 1
        self.strings = strings
        self.rotations = [
            self._pairs(circuit.gates[k].qubits, strings, place) for k in circuit.parametric
        ]

    @staticmethod
    def _pairs(qubits, strings, place):
        half = len(qubits) // 2
        emptied, filled = (sum(1 << q for q in part) for part in (qubits[:half], qubits[half:]))
        before = strings[((strings & emptied) == emptied) & ((strings & filled) == 0)]
        after, sign = before.copy(), np.ones(len(before))
        for q in (*qubits[:half], *reversed(qubits[half:])):
            sign *= 1.0 - 2.0 * (np.bitwise_count(after & ((1 << q) - 1)) & 1)
            after = after ^ (1 << q)
        return [np.array([place[int(s)] for s in part], int) for part in (before, after)] + [sign]

    @staticmethod
    def _rotate(vector, pairs, theta):
        i, f, sign = pairs
        c, s = np.cos(theta / 2), np.sin(theta / 2) * sign
        vector[i], vector[f] = c * vector[i] - s * vector[f], c * vector[f] + s * vector[i]

    def state(self, x):
        psi = self.reference.copy()
        for pairs, theta in zip(self.rotations, self.circuit.angles(x), strict=True):
            self._rotate(psi, pairs, theta)
        return psi

    def energy_and_gradient(self, x):
        angles = self.circuit.angles(x)
        psi = self.state(x)
        bra = self.matrix @ psi
        energy, gradient = psi @ bra, np.zeros(len(angles))
        for k in reversed(range(len(angles))):
            i, f, sign = self.rotations[k]
            gradient[k] = sign @ (bra[f] * psi[i] - bra[i] * psi[f])
            self._rotate(psi, self.rotations[k], -angles[k])
            self._rotate(bra, self.rotations[k], -angles[k])
        return energy, self.circuit.pull_back(gradient)

    def minimum(self, x):
        options = {"maxiter": 1000, "maxfun": 5000, "ftol": 1e-15, "gtol": 1e-7}
        found = minimize(self.energy_and_gradient, x, jac=True, method="L-BFGS-B", options=options)
        return float(found.fun)

    def ground(self):
        return float(np.linalg.eigvalsh(self.matrix)[0])


@pytest.mark.parametrize(
    ("norb", "n_alpha", "n_beta", "count"),
    [(2, 1, 1, 3), (6, 2, 2, 92), (7, 5, 5, 140), (7, 3, 3, 204), (10, 7, 7, 609), (3, 2, 1, 8)],
)
def test_numbers_of_excitations(norb, n_alpha, n_beta, count):
    singles = single_excitations(norb, n_alpha, n_beta)
    doubles = double_excitations(norb, n_alpha, n_beta)
    assert len(singles) + len(doubles) == count
    assert len({(frozenset(e[: len(e) // 2]), frozenset(e)) for e in singles + doubles}) == count
    occupied = {*range(n_alpha), *range(norb, norb + n_beta)}
    for excitation in singles + doubles:
        half = len(excitation) // 2
        gone, come = excitation[:half], excitation[half:]
        assert occupied.issuperset(gone)
        assert occupied.isdisjoint(come)
        assert sorted(q // norb for q in gone) == sorted(q // norb for q in come)
        assert gone == tuple(sorted(gone))
        assert come == tuple(sorted(come))


@pytest.mark.parametrize(
    ("name", "options", "parameters"),
    [
        ("lih", {}, 92),
        ("lih", {"spin_adapted": True}, 44),
        ("h2o", {}, 140),
        ("h2o", {"point_group": True, "spin_adapted": True}, None),
        ("h3", {}, 8),
    ],
)
def test_reaches_the_ground_state(name, options, parameters, molecule):
    h = molecule(name)
    ansatz = UCCSD(**options)
    circuit = ansatz.circuit(h)
    start = ansatz.start(h, np.random.default_rng(0))
    assert start.shape == (circuit.n_parameters,)
    if parameters is not None:
        assert circuit.n_parameters == parameters
    sector = Sector(h, circuit)
    error = sector.minimum(start) - sector.ground()
    assert -1e-10 < error < {"lih": 2e-5, "h2o": 2e-4, "h3": 2e-4}[name]


def test_the_sector_agrees_with_the_gates_definition(molecule):
    h = molecule("h3")
    circuit = UCCSD(trotter_steps=2).circuit(h)
    x = np.random.default_rng(1).normal(size=circuit.n_parameters)
    sector = Sector(h, circuit)
    full = circuit_state(circuit, x)
    np.testing.assert_allclose(full[sector.strings], sector.state(x), atol=1e-12)


def test_the_parameters_are_cluster_amplitudes(molecule, excitation_generator):
    """Many Trotter steps approach exp(Σ t (T - T†)) on the reference."""
    from scipy.linalg import expm

    h = molecule("h3")
    x = np.random.default_rng(2).normal(size=8) * 0.3
    clusters = UCCSD().clusters(h)
    total = sum(t * excitation_generator(c[0][0], 6) for t, c in zip(x, clusters, strict=True))
    reference = circuit_state(UCCSD().circuit(h), np.zeros(8))
    exact = expm(total) @ reference
    errors = [
        np.linalg.norm(circuit_state(UCCSD(trotter_steps=n).circuit(h), x) - exact)
        for n in (10, 20, 40)
    ]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.1)


def test_spin_adapted_clusters_are_singlets(molecule, excitation_generator, ladder):
    h = molecule("h4")
    raising = sum(ladder(p, 8).T @ ladder(4 + p, 8) for p in range(4))
    sizes = []
    for cluster in UCCSD(spin_adapted=True).clusters(h):
        generator = sum(f * excitation_generator(e, 8) for e, f in cluster)
        assert np.abs(generator).max() > 0
        np.testing.assert_allclose(raising @ generator, generator @ raising, atol=1e-12)
        sizes.append(len(cluster))
    # Spatial amplitudes t_ijab = t_jiba and t_ia: o v (o v + 1) / 2 + o v of them.
    assert len(sizes) == 14
    single = excitation_generator((0, 2), 8)
    assert np.abs(raising @ single - single @ raising).max() > 0.5


def test_orders_of_spin_adapted_doubles_hold_the_same_clusters(molecule):
    """By occupied orbitals, or by pairs as up to version 0.2.0; minima agree closely."""
    h = molecule("h4")
    ansatze = [UCCSD(spin_adapted=True, order=order) for order in ("occupied", "canonical")]
    clusters = [ansatz.clusters(h) for ansatz in ansatze]
    assert UCCSD(spin_adapted=True).clusters(h) == clusters[0]
    assert set(clusters[0]) == set(clusters[1])
    firsts = [[c[0][0] for c in each] for each in clusters]
    doubles = [[(i, j - 4, a, b - 4) for i, j, a, b in f[:10]] for f in firsts]
    assert doubles[0] == sorted(doubles[0])
    assert doubles[1] == sorted(doubles[1], key=lambda d: (d[0], d[2], d[1], d[3]))
    assert doubles[0] != doubles[1]
    assert firsts[0][10:] == firsts[1][10:]
    circuits = [ansatz.circuit(h) for ansatz in ansatze]
    minima = [Sector(h, c).minimum(np.zeros(c.n_parameters)) for c in circuits]
    assert minima[0] == pytest.approx(minima[1], abs=1e-5)
    assert minima[0] != pytest.approx(minima[1], abs=1e-9)


def test_point_group_screening_loses_nothing(molecule):
    h = molecule("lih")
    full, screened = UCCSD().circuit(h), UCCSD(point_group=True).circuit(h)
    assert screened.n_parameters < full.n_parameters
    kept = {g.qubits for g in screened.gates if g.angle}
    _, gradient = Sector(h, full).energy_and_gradient(np.zeros(full.n_parameters))
    for k, position in enumerate(full.parametric):
        if full.gates[position].qubits not in kept:
            assert abs(gradient[k]) < 1e-9
    minima = [Sector(h, c).minimum(np.zeros(c.n_parameters)) for c in (full, screened)]
    assert minima[1] == pytest.approx(minima[0], abs=1e-7)


def test_point_group_needs_irreps(molecule):
    h = molecule("h2")
    bare = MolecularHamiltonian(h.core_energy, h.one_body, h.two_body, 1, 1)
    with pytest.raises(InputError, match="irreps"):
        UCCSD(point_group=True).circuit(bare)


def test_bad_options_are_refused(molecule):
    with pytest.raises(InputError, match="closed shell, got 2 alpha and 1 beta"):
        UCCSD(spin_adapted=True).circuit(molecule("h3"))
    with pytest.raises(InputError, match="order"):
        UCCSD(order="random")
    with pytest.raises(InputError, match="initial"):
        UCCSD(initial="hf")
    with pytest.raises(InputError, match="trotter_steps"):
        UCCSD(trotter_steps=0)
