"""Processors on Amazon Braket, cut to a few qubits: properties by the service's own schemas.

`Processor.refusal` tells what the service's checks of a verbatim box would: the validators of the
SDK's own emulator of the device, and the angles that the device can turn by.
"""

import json
import math
from dataclasses import dataclass
from functools import cache

from braket.circuits import Circuit
from braket.device_schema.iqm import IqmDeviceCapabilities
from braket.device_schema.rigetti import RigettiDeviceCapabilitiesV2
from braket.emulation.local_emulator import LocalEmulator
from braket.emulation.pass_manager import EmulatorValidationError


def _schema(name, version="1"):
    return {"name": f"braket.{name}", "version": version}


@dataclass(frozen=True)
class Processor:
    """A device: `edges` between its labelled qubits, which have gaps, as real ones do."""

    arn: str
    capabilities: object
    native: tuple
    edges: tuple
    quarter_turns: bool = False  # whether rx turns by multiples of π/2 alone
    fidelity: float = 0.99

    @property
    def name(self):
        return self.arn.rsplit("/", 1)[-1]

    @property
    def vendor(self):
        return self.arn.split("/")[-2]

    @property
    def qubits(self):
        return sorted({q for edge in self.edges for q in edge})

    def properties(self, program_sets):
        vendor = self.vendor
        action = {
            "braket.ir.openqasm.program": {
                "actionType": "braket.ir.openqasm.program",
                "version": ["1"],
                "supportedOperations": ["cnot", "cz", "h", "rx", "ry", "rz", "x", *self.native],
                "supportedPragmas": ["verbatim"],
                "supportedResultTypes": [
                    {"name": "Probability", "observables": None, "minShots": 10, "maxShots": 20000}
                ],
            }
        }
        if program_sets:
            action["braket.ir.openqasm.program_set"] = {
                "actionType": "braket.ir.openqasm.program_set",
                "version": ["1"],
                "maximumExecutables": 100,
                "maximumTotalShots": 100_000,
            }
        version = "2" if vendor == "rigetti" else "1"
        document = {
            "braketSchemaHeader": _schema(
                f"device_schema.{vendor}.{vendor}_device_capabilities", version
            ),
            "service": {
                "braketSchemaHeader": _schema("device_schema.device_service_properties"),
                "executionWindows": [],
                "shotsRange": [1, 20_000],
                "deviceCost": {"price": 0.00145, "unit": "shot"},
            },
            "action": action,
            "paradigm": {
                "braketSchemaHeader": _schema("device_schema.gate_model_qpu_paradigm_properties"),
                "qubitCount": len(self.qubits),
                "nativeGateSet": list(self.native),
                "connectivity": {"fullyConnected": False, "connectivityGraph": self._graph()},
            },
            "deviceParameters": {},
            "standardized": self._standardized(),
        }
        self.capabilities.parse_raw(json.dumps(document))
        return document

    def _graph(self):
        both = {*self.edges, *((b, a) for a, b in self.edges)}
        return {str(q): [str(b) for a, b in sorted(both) if a == q] for q in self.qubits}

    def _standardized(self):
        time = {"value": 4e-5, "standardError": None, "unit": "S"}

        def measured(kind):
            return {"fidelityType": {"name": kind}, "fidelity": self.fidelity}

        two = [g for g in self.native if g in ("cz", "iswap")]
        return {
            "braketSchemaHeader": _schema(
                "device_schema.standardized_gate_model_qpu_device_properties"
            ),
            "oneQubitProperties": {
                str(q): {
                    "T1": time,
                    "T2": time,
                    "oneQubitFidelity": [
                        measured("RANDOMIZED_BENCHMARKING"),
                        measured("READOUT"),
                    ],
                }
                for q in self.qubits
            },
            "twoQubitProperties": {
                f"{a}-{b}": {
                    "twoQubitGateFidelity": [
                        {"gateName": g.upper(), **measured("INTERLEAVED_RANDOMIZED_BENCHMARKING")}
                        for g in two
                    ]
                }
                for a, b in self.edges
            },
        }

    def refusal(self, source):
        """Why the device does not run a program as it is; "" where it does."""
        circuit = Circuit.from_ir(source)
        try:
            _emulator(self).validate(circuit)
        except EmulatorValidationError as error:
            return str(error)
        if self.quarter_turns:
            for step in circuit.instructions:
                if step.operator.name == "Rx":
                    turns = float(step.operator.angle) / (math.pi / 2)
                    if abs(turns - round(turns)) > 1e-9 or abs(round(turns)) not in (1, 2):
                        return f"Rx by {float(step.operator.angle)} is not native to this device."
        return ""


@cache
def _emulator(processor):
    properties = processor.capabilities.parse_raw(json.dumps(processor.properties(True)))
    return LocalEmulator.from_device_properties(properties)


# Eight of the twenty qubits of the square lattice, and six of a larger one.
GARNET = Processor(
    "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet",
    IqmDeviceCapabilities,
    ("cz", "prx"),
    ((1, 2), (1, 4), (2, 5), (3, 4), (4, 5), (3, 8), (4, 9), (5, 10), (8, 9), (9, 10)),
)
CEPHEUS = Processor(
    "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q",
    RigettiDeviceCapabilitiesV2,
    ("rx", "rz", "iswap"),
    ((0, 1), (1, 2), (0, 7), (1, 8), (2, 9), (7, 8), (8, 9)),
    quarter_turns=True,
)
