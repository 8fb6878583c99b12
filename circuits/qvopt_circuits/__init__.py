"""What is prepared: gates, circuits, ansätze and their lowering to other libraries."""

from .adapt import Adapt
from .ansatz import Ansatz
from .blocks import commuting_runs, layers, parameter_blocks
from .catalogue import ansatz_description, ansatz_names, get_ansatz
from .circuit import Circuit
from .description import summary
from .fabric import GateFabric
from .gates import Angle, Gate, excitation_gate
from .given import GivenCircuit
from .hardware_efficient import EfficientSU2, HardwareEfficient, RealAmplitudes
from .hva import HamiltonianVariational
from .kupccgsd import KUpCCGSD
from .lowering.openqasm import to_openqasm3
from .lowering.pennylane_lowering import to_pennylane
from .lowering.qiskit_lowering import to_qiskit
from .lucj import LUCJ
from .mapping import in_mapping, map_circuit
from .number_preserving import NumberPreserving
from .pools import PoolOperator, operator_pool
from .qcc import QCC
from .reading.from_pennylane import read_pennylane as from_pennylane
from .reading.from_qiskit import read_qiskit as from_qiskit
from .tups import TUPS
from .uccgsd import UCCGSD
from .uccsd import UCCSD, QubitExcitations

__all__ = [
    "LUCJ",
    "QCC",
    "TUPS",
    "UCCGSD",
    "UCCSD",
    "Adapt",
    "Angle",
    "Ansatz",
    "Circuit",
    "EfficientSU2",
    "Gate",
    "GateFabric",
    "GivenCircuit",
    "HamiltonianVariational",
    "HardwareEfficient",
    "KUpCCGSD",
    "NumberPreserving",
    "PoolOperator",
    "QubitExcitations",
    "RealAmplitudes",
    "ansatz_description",
    "ansatz_names",
    "commuting_runs",
    "excitation_gate",
    "from_pennylane",
    "from_qiskit",
    "get_ansatz",
    "in_mapping",
    "layers",
    "map_circuit",
    "operator_pool",
    "parameter_blocks",
    "summary",
    "to_openqasm3",
    "to_pennylane",
    "to_qiskit",
]
