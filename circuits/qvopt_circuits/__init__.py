"""What is prepared: gates, circuits, ansätze and their lowering to other libraries."""

from .ansatz import Ansatz
from .blocks import layers, parameter_blocks
from .catalogue import ansatz_description, ansatz_names, get_ansatz
from .circuit import Circuit
from .description import summary
from .gates import Angle, Gate
from .hardware_efficient import HardwareEfficient
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
    "get_ansatz",
    "layers",
    "parameter_blocks",
    "summary",
]
