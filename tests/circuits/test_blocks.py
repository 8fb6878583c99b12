import numpy as np
import pytest

from qvopt_circuits.blocks import layers, parameter_blocks
from qvopt_circuits.circuit import Circuit
from qvopt_circuits.gates import Angle, Gate
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_circuits.uccsd import UCCSD


@pytest.mark.parametrize("seed", range(20))
def test_layers_are_the_maximal_runs(seed, random_circuit):
    circuit = random_circuit(np.random.default_rng(seed), 6, 30)
    runs = layers(circuit)
    assert [p for run in runs for p in run] == list(range(30))
    for run, following in zip(runs, (*runs[1:], ()), strict=True):
        qubits = [q for p in run for q in circuit.gates[p].qubits]
        assert len(qubits) == len(set(qubits))
        kinds = {p in circuit.parametric for p in run}
        assert len(kinds) == 1
        if following:
            other = (following[0] in circuit.parametric) not in kinds
            assert other or set(qubits) & set(circuit.gates[following[0]].qubits)


def test_blocks_partition_the_parameters(random_circuit, molecule):
    drawn = random_circuit(np.random.default_rng(2), 5, 20)
    for circuit in (drawn, UCCSD(spin_adapted=True).circuit(molecule("lih"))):
        blocks = parameter_blocks(circuit)
        assert sorted(k for block in blocks for k in block) == list(range(circuit.n_parameters))
        block_of = {k: b for b, block in enumerate(blocks) for k in block}
        for run in layers(circuit):
            angles = [circuit.gates[p].angle for p in run]
            found = {block_of[a.index] for a in angles if a and a.index is not None}
            assert len(found) <= 1


def test_blocks_of_rotation_layers():
    circuit = HardwareEfficient(layers=1).over_reference(3, {0})
    assert parameter_blocks(circuit) == ((0, 1, 2), (3, 4, 5), (6, 7, 8), (9, 10, 11))


def test_ties_join_blocks_and_unused_parameters_stand_alone():
    def ry(qubit: int, index: int) -> Gate:
        return Gate("ry", (qubit,), Angle(index))

    wall = Gate("cz", (0, 1))
    gates = (ry(0, 0), ry(1, 1), wall, ry(0, 1), ry(1, 3), wall, ry(0, 4))
    assert parameter_blocks(Circuit(2, gates, 5)) == ((0, 1, 3), (2,), (4,))
    assert parameter_blocks(Circuit(2, (), 0)) == ()
