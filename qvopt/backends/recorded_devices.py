"""Recorded snapshots of IBM's devices, by name: `qiskit_ibm_runtime.fake_provider`.

A snapshot has the gates, the coupling and the calibrated errors of a day.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from qvopt_molecules.errors import InputError, missing_extra, unknown_name

from .cutting import cut_circuit, cut_device, used_qubits
from .layouts import lower_to

_NARROW = 8
"""Qubits up to which a device is simulated as a whole."""


class RecordedDevice:
    """A snapshot such as "fake_manila", or a `backend` of Qiskit's as it is now, simulated by Aer.

    Attributes:
        name: as above.
        backend: Qiskit's, with the target.
        caution: what is said against its errors; "" for none.
    """

    def __init__(self, name: str, backend: Any = None) -> None:
        self.name = name
        self.backend, self.caution = find_snapshot(name) if backend is None else (backend, "")
        self.n_qubits = int(self.backend.num_qubits)
        self._simulators: dict[tuple[int, ...], Any] = {}

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of its native gates."""
        return tuple(sorted(self.backend.target.operation_names))

    def lower(
        self, circuits: Sequence[Any], *, level: int, seed: int, layout: Sequence[int] | None
    ) -> list[Any]:
        """Transpile to its gates and coupling, all on one layout, and check every gate."""
        return lower_to(self.backend.target, circuits, level=level, seed=seed, layout=layout)

    def noise_model(self, qubits: Sequence[int] | None = None) -> Any:
        """The errors of all qubits, or of these numbered by their places, as Aer's NoiseModel."""
        from qiskit_aer.noise import NoiseModel

        part = self.backend if qubits is None else cut_device(self.backend, qubits)
        return NoiseModel.from_backend(part)

    def simulator_of(
        self, circuit: Any, read: Sequence[int] = ()
    ) -> tuple[Any, Any, dict[int, int]]:
        """Return an AerSimulator of the qubits in use, the circuit on it, and each qubit's place.

        A wide device is cut to the qubits that the circuit uses or that are `read`, which keep
        their errors: simulating all of them would need more memory than there is.
        """
        whole = self.n_qubits <= _NARROW
        qubits = (
            tuple(range(self.n_qubits)) if whole else tuple(sorted({*used_qubits(circuit), *read}))
        )
        if qubits not in self._simulators:
            from qiskit_aer import AerSimulator

            part = self.backend if whole else cut_device(self.backend, qubits)
            # Its noise is made once: a client would make it again for every circuit.
            self._simulators[qubits] = AerSimulator.from_backend(part)
        place = {q: k for k, q in enumerate(qubits)}
        return self._simulators[qubits], circuit if whole else cut_circuit(circuit, qubits), place


def snapshot_names() -> tuple[str, ...]:
    """Names of all snapshots; none where qiskit-ibm-runtime is not installed."""
    try:
        return tuple(sorted(_classes()))
    except InputError:
        return ()


def find_snapshot(name: str) -> tuple[Any, str]:
    """Return the Qiskit backend of a snapshot such as "fake_manila", and what is said against it.

    Some come with a warning that their errors are not typical of the device; it is the text, and
    not a warning, here. Raises InputError for an unknown name, or where qiskit-ibm-runtime is not
    installed.
    """
    classes = _classes()
    if name.lower() not in classes:
        raise unknown_name("snapshot of an IBM device", name, classes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        backend = classes[name.lower()]()
    return backend, " ".join(" ".join(str(w.message).split()) for w in caught
                             if "properties" in str(w.message).lower())  # fmt: skip


def _classes() -> dict[str, Any]:
    try:
        from qiskit_ibm_runtime import (  # type: ignore[import-untyped,unused-ignore]
            fake_provider,
        )
    except ImportError:
        raise missing_extra("device snapshots need qiskit-ibm-runtime", "ibm") from None
    # The classes are made only when they are chosen.
    return {
        label: kind
        for key, kind in vars(fake_provider).items()
        if key.startswith("Fake") and isinstance(label := getattr(kind, "backend_name", None), str)
    }
