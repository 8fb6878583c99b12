"""Amplified noise by folding: a gate G becomes G (G† G)^k, the same unitary with more noise.

Circuits are folded after they are lowered to what a device runs, so that nothing cancels the pairs,
and stay in its gate set; parameters stay free. (mitiq folds too, but through a library whose
circuits know neither a device's gates nor its layout.) References: E. Dumitrescu et al., PRL 120,
210501 (2018), arXiv:1801.03897; T. Giurgica-Tiron et al., QCE 2020, 306, arXiv:2005.10921.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError

Folding = Literal["two-qubit", "all"]

_SELF_INVERSE: Final = {"cx", "cz", "cy", "swap", "ecr", "h", "x", "y", "z", "ccx", "ch"}
_SKIPPED: Final = {"rz", "z", "s", "sdg", "t", "tdg", "p", "u1", "id", "delay", "barrier"}
"""Virtual gates and waits: free of error on most devices, and left as they are."""


def fold_circuit(circuit: Any, scale: float, kind: Folding = "two-qubit") -> Any:
    """Return a Qiskit circuit whose gates are `scale` times as many.

    Args:
        circuit: lowered, measurements included; those are not folded.
        scale: λ ≥ 1. Odd numbers fold every gate alike; for others the first
            gates are folded once more, evenly spread.
        kind: "two-qubit" folds gates on two qubits, which carry most of the noise; "all" folds
            one-qubit gates too, save virtual Z rotations.

    Raises InputError for a gate whose inverse the gate set has not.
    """
    if scale < 1:
        raise InputError(f"noise can only be amplified: a scale is 1 or more, got {scale}")
    steps = list(circuit.data)
    chosen = [k for k, step in enumerate(steps) if _folds(step, kind)]
    pairs = round((scale - 1) * len(chosen) / 2)
    if pairs == 0:
        return circuit
    whole, extra = divmod(pairs, len(chosen))
    # Evenly spread over the circuit, and the same ones at every call.
    spread = np.floor(np.arange(extra) * len(chosen) / max(extra, 1)).astype(int)
    more = {chosen[k] for k in spread.tolist()}
    folded = circuit.copy_empty_like()
    inside = set(chosen)
    for k, step in enumerate(steps):
        folded.append(step)
        for _ in range((whole if k in inside else 0) + (k in more)):
            _append_inverse(folded, step)
            folded.append(step)
    return folded


def folded_scale(circuit: Any, scale: float, kind: Folding = "two-qubit") -> float:
    """The scale that folding really reaches, a whole number of pairs being added."""
    n = sum(_folds(step, kind) for step in circuit.data)
    return 1.0 if n == 0 else 1.0 + 2.0 * round((scale - 1) * n / 2) / n


def folded_scales(
    circuits: Sequence[Any], scales: Sequence[float], kind: Folding = "two-qubit"
) -> FloatArray:
    """The scales that folding reaches in several circuits, shape (circuits, scales)."""
    return np.array([[folded_scale(c, s, kind) for s in scales] for c in circuits])


def _folds(step: Any, kind: Folding) -> bool:
    name, width = step.operation.name, len(step.qubits)
    if name in _SKIPPED or name in ("measure", "reset") or step.clbits:
        return False
    return width >= 2 or (kind == "all" and width == 1)


def _append_inverse(folded: Any, step: Any) -> None:
    """G† out of gates that the circuit may hold already."""
    from qiskit.circuit.library import RZGate

    gate, qubits = step.operation, step.qubits
    if gate.name in _SELF_INVERSE:
        folded.append(step)
    elif gate.name in ("sx", "sxdg"):
        # √X† = Z √X Z up to a phase, and Z rotations are virtual.
        folded.append(RZGate(np.pi), qubits)
        folded.append(gate, qubits)
        folded.append(RZGate(-np.pi), qubits)
    elif gate.name == "iswap":
        # Z on one qubit turns XX + YY round, and with it the gate.
        folded.append(RZGate(np.pi), qubits[:1])
        folded.append(step)
        folded.append(RZGate(-np.pi), qubits[:1])
    elif gate.name in ("rzz", "rxx", "ryy", "rx", "ry", "r", "crx", "cry", "crz", "cp"):
        folded.append(gate.inverse(), qubits)
    else:
        raise InputError(
            f"gate {gate.name} cannot be folded in this device's gate set; leave zero-noise "
            f"extrapolation out, or fold 'two-qubit' gates alone"
        )
