"""Experiments of earlier versions, whose defaults were others."""

from __future__ import annotations

from qvopt.experiment.named_order import BEFORE, with_named_order
from qvopt.experiment.specification import AnsatzSpec, Experiment
from qvopt_circuits.catalogue import get_ansatz
from qvopt_circuits.hardware_efficient import HardwareEfficient
from qvopt_molecules.errors import InputError


def with_earlier_order(written: Experiment) -> Experiment:
    """Return a recorded experiment with the order of spin-adapted circuits that it began with.

    Later versions name it.
    """
    spec = written.ansatz
    mine = {"name": spec.name, **spec.options}
    named = with_named_order(mine, BEFORE)
    if named == mine:
        return written
    return written.model_copy(update={"ansatz": AnsatzSpec.model_validate(named)})


def as_begun(recorded: Experiment) -> Experiment:
    """Return the experiment of a run folder with the defaults that it began with.

    Spin-adapted circuits up to 0.2.0 had another order. Hardware-efficient circuits of 0.1.0 took
    neighbours by the numbers of their qubits; their runs are those without weights of penalties,
    which later versions write down.
    """
    written = with_earlier_order(recorded)
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
