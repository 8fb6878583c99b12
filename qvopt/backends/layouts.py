"""Circuits on the same qubits of a device, in its gates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from qvopt_molecules.errors import InputError


def lower_to(
    target: Any,
    circuits: Sequence[Any],
    *,
    level: int,
    seed: int,
    layout: Sequence[int] | None,
) -> list[Any]:
    """Transpile circuits to a Qiskit target, all on one layout, and check every gate.

    Raises InputError where a layout does not fit or a gate is not the device's.
    """
    from qiskit.transpiler.exceptions import TranspilerError

    n = target.num_qubits or 0
    if layout is not None:
        fits = len(set(layout)) == len(layout) == circuits[0].num_qubits
        if not fits or not all(0 <= q < n for q in layout):
            raise InputError(
                f"layout must name {circuits[0].num_qubits} different qubits below {n}, got "
                f"{list(layout)}"
            )
    options = {"optimization_level": level, "seed_transpiler": seed}
    try:
        lowered = on_one_layout(list(circuits), target, layout, options)
    except TranspilerError as error:
        raise InputError(f"the circuit does not fit the device: {str(error)[:120]}") from None
    for circuit in lowered:
        check_native(circuit, target)
    return lowered


def check_native(circuit: Any, target: Any) -> None:
    """Raise InputError unless every gate is the target's, on those qubits."""
    for step in circuit.data:
        name = step.operation.name
        qubits = tuple(circuit.find_bit(q).index for q in step.qubits)
        if name != "barrier" and not target.instruction_supported(name, qubits):
            raise InputError(f"the device has no {name} on qubits {list(qubits)}; report this")


def on_one_layout(
    circuits: list[Any], target: Any, layout: Sequence[int] | None, options: Mapping[str, Any]
) -> list[Any]:
    """Transpile Qiskit circuits to a target; the first decides the layout where none is given."""
    from qiskit import transpile

    placed: list[Any] = []
    for circuit in circuits:
        lowered = transpile(circuit, target=target, initial_layout=layout, **options)
        if layout is None and lowered.layout is not None:
            layout = lowered.layout.initial_index_layout(filter_ancillas=True)
        placed.append(lowered)
    return placed


def without_barriers(circuit: Any) -> Any:
    """The circuit without barriers and global phase, which some vendors' clients warn about."""
    out = circuit.copy_empty_like()
    out.global_phase = 0.0
    for step in circuit.data:
        if step.operation.name != "barrier":
            out.append(step)
    return out
