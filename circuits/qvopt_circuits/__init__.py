"""What is prepared: gates, circuits, ansätze and their lowering to other libraries."""

from .ansatz import Ansatz
from .blocks import commuting_runs, layers, parameter_blocks
from .catalogue import ansatz_description, ansatz_names, get_ansatz
from .circuit import Circuit
from .description import summary
from .gates import Angle, Gate
from .hardware_efficient import HardwareEfficient
from .lowering.openqasm import to_openqasm3
from .lowering.pennylane_lowering import to_pennylane
from .lowering.qiskit_lowering import to_qiskit
from .mapping import in_mapping, map_circuit
from .uccsd import UCCSD

__all__ = [
    "UCCSD",
    "Angle",
    "Ansatz",
    "Circuit",
    "Gate",
    "HardwareEfficient",
    "ansatz_description",
    "ansatz_names",
    "commuting_runs",
    "get_ansatz",
    "in_mapping",
    "layers",
    "map_circuit",
    "parameter_blocks",
    "summary",
    "to_openqasm3",
    "to_pennylane",
    "to_qiskit",
]
