"""Experiments of earlier versions, whose defaults were others."""

from __future__ import annotations

from qvopt.experiment.specification import AnsatzSpec, Experiment
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_molecules.errors import InputError


def as_begun(written: Experiment) -> Experiment:
    """Return the experiment of a run folder with the defaults that it began with.

    Hardware-efficient circuits of 0.1.0 took neighbours by the numbers of their qubits. Their runs
    are those without weights of penalties, which later versions write down.
    """
    spec = written.ansatz
    if written.constraints.electrons is not None or "order" in spec.options:
        return written
    try:
        ansatz = get_ansatz(spec.name, **spec.options)
    except InputError:  # a plug-in that is missing: told where it is needed
        return written
    if not isinstance(ansatz, HardwareEfficient):
        return written
    options = {"name": spec.name, **spec.options, "order": "qubits"}
    return written.model_copy(update={"ansatz": AnsatzSpec.model_validate(options)})
