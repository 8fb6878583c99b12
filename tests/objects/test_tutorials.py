"""Objects of the tutorials of PennyLane, Qiskit and OpenFermion go in unchanged, for their numbers.

Hamiltonians, circuits and starts are those of the tutorials; numbers are what they print.
"""

import networkx as nx
import numpy as np
import openfermion
import pennylane as qml
import pytest
import rustworkx as rx
import scipy.optimize
from openfermion.chem import MolecularData
from pyscf import ao2mo, gto, mcscf, scf
from qiskit.circuit.library import efficient_su2, n_local, qaoa_ansatz, real_amplitudes
from qiskit.primitives import StatevectorSampler
from qiskit.quantum_info import SparsePauliOp
from qiskit_algorithms.optimizers import COBYLA, SLSQP, SPSA

from qvopt import run


def pennylane_h2():
    """ "A brief overview of VQE": H2 at 1.3228 bohr, Jordan-Wigner, STO-3G."""
    symbols = ["H", "H"]
    coordinates = qml.numpy.array([[0.0, 0.0, -0.6614], [0.0, 0.0, 0.6614]])
    molecule = qml.qchem.Molecule(symbols, coordinates)
    return qml.qchem.molecular_hamiltonian(molecule)[0]


def hartree_fock_and_double(param, wires=(0, 1, 2, 3)):
    """The demo's circuit: the Hartree-Fock state and one double excitation."""
    qml.BasisState(qml.qchem.hf_state(2, 4), wires=list(wires))
    qml.DoubleExcitation(param, wires=[0, 1, 2, 3])


@pytest.mark.parametrize("backend", ["statevector", "lightning", "default.qubit"])
def test_pennylanes_first_vqe(backend):
    """-1.136189454088 Ha, full CI; Hartree-Fock is -1.117349 Ha at this bond."""
    device = qml.device("default.qubit", wires=4) if backend == "default.qubit" else backend
    settings = {"optimizer": {"name": "gradient-descent", "learning_rate": 0.4}, "max_steps": 100}
    found = run(pennylane_h2(), ansatz=hartree_fock_and_double, backend=device, **settings)
    assert found.energy == pytest.approx(-1.13618945, abs=1e-6)
    assert found.fci == pytest.approx(-1.13618945, abs=1e-6)
    assert abs(float(found.x[0])) == pytest.approx(0.2097, abs=2e-3)  # the demo's angle


def test_pennylanes_cost_function_as_a_qnode():
    """The demo's own QNode, measured expectation and all, is an ansatz as it is."""
    hamiltonian = pennylane_h2()
    device = qml.device("lightning.qubit", wires=4)

    @qml.qnode(device, interface="autograd")
    def cost_fn(param):
        hartree_fock_and_double(param)
        return qml.expval(hamiltonian)

    found = run(hamiltonian, ansatz=cost_fn, backend=device)
    assert found.energy == pytest.approx(float(cost_fn(found.x[0])), abs=1e-9)
    assert found.energy == pytest.approx(-1.13618945, abs=1e-6)


@pytest.mark.slow
def test_pennylanes_adaptive_lih():
    """ "Adaptive circuits": LiH, 2 electrons in 5 orbitals, STO-3G; -7.8823 Ha."""
    symbols = ["Li", "H"]
    geometry = qml.numpy.array([[0.0, 0.0, 0.0], [0.0, 0.0, 2.969280527]])
    molecule = qml.qchem.Molecule(symbols, geometry)
    hamiltonian, qubits = qml.qchem.molecular_hamiltonian(
        molecule, active_electrons=2, active_orbitals=5
    )
    singles, doubles = qml.qchem.excitations(2, qubits)

    def circuit(params):
        qml.BasisState(qml.qchem.hf_state(2, qubits), wires=range(qubits))
        for k, wires in enumerate(doubles):
            qml.DoubleExcitation(params[k], wires=wires)
        for k, wires in enumerate(singles):
            qml.SingleExcitation(params[len(doubles) + k], wires=wires)

    n = len(singles) + len(doubles)
    assert (qubits, n) == (10, 24)
    found = run(hamiltonian, ansatz=circuit, start=np.zeros(n), optimizer="l-bfgs")
    assert found.energy == pytest.approx(found.fci, abs=2e-4)
    assert found.fci == pytest.approx(-7.8825, abs=3e-4)


QISKIT_H2 = SparsePauliOp.from_list(
    [
        ("II", -1.052373245772859),
        ("IZ", 0.39793742484318045),
        ("ZI", -0.39793742484318045),
        ("ZZ", -0.01128010425623538),
        ("XX", 0.18093119978423156),
    ]
)
"""The two-qubit Hamiltonian of H2 at 0.735 Å in the tutorials of qiskit-algorithms."""


@pytest.mark.parametrize("optimizer", ["slsqp", "cobyla", "spsa"])
def test_qiskits_vqe(optimizer):
    """ "Introduction to VQE": -1.85728 Ha, electrons alone."""
    ansatz = n_local(num_qubits=2, rotation_blocks="ry", entanglement_blocks="cz")
    theirs = {"slsqp": SLSQP(maxiter=1000), "cobyla": COBYLA(maxiter=200), "spsa": SPSA(150)}
    start = np.random.default_rng(1).uniform(-1, 1, ansatz.num_parameters)
    found = run(QISKIT_H2, ansatz=ansatz, start=start, optimizer=theirs[optimizer], seed=1)
    assert found.fci == pytest.approx(-1.85727503, abs=1e-7)
    assert found.energy == pytest.approx(-1.85728, abs={"spsa": 2e-2}.get(optimizer, 1e-4))


@pytest.mark.slow
def test_qiskits_vqe_on_a_sampler():
    """The same on a V2 sampler, shots counted."""
    found = run(QISKIT_H2, ansatz=real_amplitudes(2, reps=1), start=[0.1] * 4, shots=2000,
                backend=StatevectorSampler(seed=3), optimizer=SPSA(25), max_steps=25)  # fmt: skip
    assert found.energy < -1.7
    assert found.shots > 50 * 2000


def test_scipys_cobyla_as_in_ibms_tutorial():
    """ "Variational quantum eigensolver" of IBM: efficient_su2 and SciPy's COBYLA on H2."""
    import functools

    minimizer = functools.partial(scipy.optimize.minimize, method="COBYLA")
    ansatz = efficient_su2(2, reps=2)
    start = 2 * np.pi * np.random.default_rng(5).random(ansatz.num_parameters)
    found = run(QISKIT_H2, ansatz=ansatz, start=start, optimizer=minimizer, max_steps=2000)
    assert found.energy == pytest.approx(-1.857275, abs=1e-4)


def test_openfermions_lih():
    """LiH at 1.45 Å with 2 electrons in orbitals 1 to 3 (OpenFermion's introduction).

    Its MolecularData needs a plug-in for integrals; these are PySCF's. Full CI of the active space
    is PySCF's CASCI.
    """
    mol = gto.M(atom="Li 0 0 0; H 0 0 1.45", basis="sto-3g", verbose=0)
    field = scf.RHF(mol).run(conv_tol=1e-12)
    casci = mcscf.CASCI(field, 3, 2).run()
    c = field.mo_coeff
    n = c.shape[1]
    one = c.T @ field.get_hcore() @ c
    two = ao2mo.restore(1, ao2mo.kernel(mol, c), n)
    molecule = MolecularData([("Li", (0, 0, 0)), ("H", (0, 0, 1.45))], "sto-3g", 1)
    molecule.nuclear_repulsion = mol.energy_nuc()
    molecule._one_body_integrals = one
    molecule._two_body_integrals = np.ascontiguousarray(two.transpose(0, 2, 3, 1))
    hamiltonian = molecule.get_molecular_hamiltonian(occupied_indices=[0], active_indices=[1, 2, 3])
    assert type(hamiltonian).__name__ == "InteractionOperator"
    fermions = openfermion.get_fermion_operator(hamiltonian)
    qubits = openfermion.jordan_wigner(fermions)

    def uccsd(x):  # interleaved, as OpenFermion's modes
        for wire in (0, 1):
            qml.PauliX(wire)
        qml.FermionicSingleExcitation(x[0], wires=[0, 1, 2])
        qml.FermionicSingleExcitation(x[1], wires=[1, 2, 3])
        qml.FermionicSingleExcitation(x[2], wires=[0, 1, 2, 3, 4])
        qml.FermionicSingleExcitation(x[3], wires=[1, 2, 3, 4, 5])
        qml.DoubleExcitation(x[4], wires=[0, 1, 2, 3])
        qml.DoubleExcitation(x[5], wires=[0, 1, 4, 5])
        qml.DoubleExcitation(x[6], wires=[0, 1, 2, 5])
        qml.DoubleExcitation(x[7], wires=[0, 1, 3, 4])

    for operator in (hamiltonian, fermions, qubits):
        found = run(operator, ansatz=uccsd, start=np.zeros(8), optimizer="l-bfgs")
        assert found.energy == pytest.approx(casci.e_tot, abs=1e-6)
    named = run(casci)
    assert named.energy == pytest.approx(casci.e_tot, abs=1e-7)


EDGES = [(0, 1), (0, 3), (1, 2), (2, 3)]


@pytest.mark.parametrize("layers", [1, 2])
def test_pennylanes_maxcut(layers):
    """ "QAOA for MaxCut" on the square: 1010 and 0101 cut all four edges; objective 3 and 4."""
    found = run(nx.Graph(EDGES), ansatz={"name": "qaoa", "layers": layers})
    assert found.energy == pytest.approx(-3 if layers == 1 else -4, abs=1e-6)
    assert found.bits.best in ("0101", "1010")
    assert found.bits.cost == pytest.approx(-4)


def test_pennylanes_qaoa_module():
    """ "Intro to QAOA": cost and mixer of `qml.qaoa` for MaxCut, as Hamiltonian and circuit."""
    graph = nx.Graph(EDGES)
    cost, mixer = qml.qaoa.maxcut(graph)

    def circuit(params):
        for wire in range(4):
            qml.Hadamard(wires=wire)
        for k in range(2):
            qml.qaoa.cost_layer(params[k], cost)
            qml.qaoa.mixer_layer(params[2 + k], mixer)

    theirs = run(cost, ansatz=circuit, start=[0.5, 0.5, 0.5, 0.5])
    ours = run(graph, ansatz={"name": "qaoa", "layers": 2})
    assert theirs.energy == pytest.approx(ours.energy, abs=1e-6)


def test_ibms_maxcut():
    """IBM's "Quantum approximate optimization algorithm": five nodes, largest cut 5."""
    graph = rx.PyGraph()
    graph.add_nodes_from(np.arange(5).tolist())
    edges = [(0, 1, 1.0), (0, 2, 1.0), (0, 4, 1.0), (1, 2, 1.0), (2, 3, 1.0), (3, 4, 1.0)]
    graph.add_edges_from(edges)
    terms = [("ZZ", [u, v], w) for u, v, w in edges]
    cost = SparsePauliOp.from_sparse_list(terms, num_qubits=5)
    circuit = qaoa_ansatz(cost_operator=cost, reps=2)
    start = [np.pi, np.pi / 2, np.pi, np.pi / 2]
    theirs = run(cost, ansatz=circuit, start=start, optimizer="cobyla", max_steps=400)
    assert theirs.fci == pytest.approx(-4)  # Σ ZZ over six edges, five of them cut
    ours = run(graph, ansatz={"name": "qaoa", "layers": 2})
    assert ours.bits.cost == pytest.approx(-5)
    assert ours.fci == pytest.approx(-5)
