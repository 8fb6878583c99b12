"""Meaning and unit of each key of an experiment file, for the reference and for help."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple


class Meaning(NamedTuple):
    """What a key means, in a few words, and the unit of its value; "" for none."""

    text: str
    unit: str = ""


_PENALTY: Final = "by default {}, where the ansatz does not conserve electron numbers, else 0"

MEANINGS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        "molecule": Meaning("the problem: a name, a file, an inline geometry, or a table"),
        "molecule.name": Meaning(
            "a registered name, a file (.toml, .xyz, .fcidump, .json, .txt, .hdf5), or atoms with "
            "coordinates in Ångström, such as 'H 0 0 0; H 0 0 0.74'"
        ),
        "molecule.set": Meaning(
            "parameters of the molecule or model, such as {bond = 1.2}", "Ångström; degrees"
        ),
        "molecule.basis": Meaning("Gaussian basis set; by default the molecule's, often sto-3g"),
        "molecule.charge": Meaning("total charge", "e"),
        "molecule.spin": Meaning("number of unpaired electrons"),
        "molecule.active_space": Meaning("the correlated orbitals; by default all"),
        "molecule.orbitals": Meaning(
            "canonical (default), mp2-natural, uhf-natural, boys, pipek-mezey, edmiston-ruedenberg"
        ),
        "molecule.symmetry": Meaning(
            "false: orbitals are not adapted to the point group, and geometries may break it"
        ),
        "molecule.occupied": Meaning(
            "occupied orbitals of the reference in an FCIDUMP file, counted from 1"
        ),
        "molecule.label": Meaning("a short name for tables"),
        "molecule.definition": Meaning(
            "content of the molecule file, written by qvopt so that a run needs no other file"
        ),
        "molecule.content": Meaning(
            "SHA-256 of a problem that was given as an object, written by qvopt"
        ),
        "molecule.unit": Meaning("energy unit of a problem that was given as an object"),
        "molecule.active_space.electrons": Meaning("number of active electrons"),
        "molecule.active_space.n_orbitals": Meaning(
            "number of active spatial orbitals, around the Fermi level"
        ),
        "molecule.active_space.orbitals": Meaning(
            "indices of the active orbitals, counted from 0 by energy"
        ),
        "molecule.active_space.frozen_core": Meaning("number of doubly occupied, frozen orbitals"),
        "molecule.active_space.selection": Meaning("automatic choice: mp2, uhf or avas"),
        "molecule.active_space.threshold": Meaning(
            "mp2, uhf: occupations between it and 2 minus it are active (0.02); avas: least "
            "overlap with the labeled atomic orbitals (0.2)"
        ),
        "molecule.active_space.labels": Meaning("avas: atomic orbitals, such as ['N 2p']"),
        "ansatz": Meaning("name and options, see the reference of ansätze"),
        "ansatz.name": Meaning("a registered name"),
        "optimizer": Meaning(
            "name and hyper-parameters; by default l-bfgs for exact energies (recycled-bfgs where "
            "the circuit grows), kalman-newton under shots, adam on hardware without a budget"
        ),
        "optimizer.name": Meaning("a registered name"),
        "backend": Meaning("name and options, see the reference of backends"),
        "backend.name": Meaning("a registered name, or NAME:DEVICE"),
        "mapping": Meaning("fermion-to-qubit mapping"),
        "measurement": Meaning("how energies, gradients and metrics are measured"),
        "measurement.shots": Meaning(
            "total for one energy, split over its measurement groups; none is exact", "shots"
        ),
        "measurement.grouping": Meaning(
            "measurement groups; by default fluid-basis-rotation for number-conserving circuits in "
            "the Jordan–Wigner mapping, else qubit-wise"
        ),
        "measurement.allocation": Meaning(
            "how an energy's shots are split over the groups: equally, by the sums of absolute "
            "coefficients, by the deviations in the reference state, or by those measured so far"
        ),
        "measurement.gradient": Meaning(
            "gradient rule: parameter-shift, whole-parameter-shift, subset, spsa or directional"
        ),
        "measurement.gradient.name": Meaning("a gradient rule"),
        "measurement.gradient_allocation": Meaning(
            "how a gradient's shots are split over its shifted energies: weighted (default) by "
            "their coefficients, or measured, also by the deviations measured so far"
        ),
        "measurement.metric": Meaning(
            "how the Fubini–Study metric is measured; by default covariances where the backend "
            "supports them, else fidelities"
        ),
        "measurement.postselect": Meaning(
            "true: discard outcomes with wrong electron numbers; their shots are still charged"
        ),
        "measurement.final_shots": Meaning("total for the energy reported at the end", "shots"),
        "measurement.final_precision": Meaning(
            "standard error that the energy reported at the end aims at", "Hartree"
        ),
        "measurement.final_share": Meaning(
            "largest share of the run's shots that final_precision may take"
        ),
        "mitigation": Meaning("error mitigation on a noisy backend: a table, or 'auto'"),
        "mitigation.auto": Meaning("true: the stages are chosen by the device's calibration"),
        "mitigation.readout": Meaning("readout correction: true, a method, or a table"),
        "mitigation.zne": Meaning("zero-noise extrapolation: true, a fit, scales, or a table"),
        "mitigation.reference": Meaning("reference-state mitigation: true or a table"),
        "mitigation.cdr": Meaning("Clifford data regression: true or a table"),
        "mitigation.readout.method": Meaning("how counts are corrected"),
        "mitigation.readout.shots": Meaning("for each of the two calibration circuits", "shots"),
        "mitigation.readout.every": Meaning(
            "rounds of the optimizer between calibrations; none calibrates once", "rounds"
        ),
        "mitigation.zne.scales": Meaning("noise scales, from 1 up; an energy's shots are split"),
        "mitigation.zne.fit": Meaning("extrapolation to scale 0"),
        "mitigation.zne.folding": Meaning("gates that are folded"),
        "mitigation.reference.shots": Meaning(
            "for the reference's energy in each round; by default as many as the round's largest "
            "energy",
            "shots",
        ),
        "mitigation.reference.parameters": Meaning(
            "how many of the largest parameters the reference keeps: a state of several "
            "determinants; 0 is one determinant"
        ),
        "mitigation.cdr.circuits": Meaning("training circuits at most, the snapped one included"),
        "mitigation.cdr.shots": Meaning(
            "for all training circuits of a round together; by default as many as the round's "
            "largest energy",
            "shots",
        ),
        "constraints": Meaning("penalties that keep electron numbers and spin"),
        "constraints.electrons": Meaning(
            "weight of ⟨(N - n)²⟩: " + _PENALTY.format("1"), "Hartree"
        ),
        "constraints.s_z": Meaning("weight of ⟨(S_z - s)²⟩: " + _PENALTY.format("1"), "Hartree"),
        "constraints.s2": Meaning("weight of ⟨S₋ S₊⟩: " + _PENALTY.format("0.5"), "Hartree"),
        "seed": Meaning("seed of every random stream of the run"),
        "max_steps": Meaning("largest number of optimizer steps", "steps"),
        "monitor": Meaning(
            "energy in the progress display: exact (noiseless, free, not seen by the optimizer), "
            "measured (charged) or none; by default exact on simulators, none on hardware"
        ),
        "budget": Meaning("caps on the run, resumes and failed jobs included"),
        "budget.shots": Meaning("all shots of the run", "shots"),
        "budget.circuits": Meaning("circuits run", "circuits"),
        "budget.evaluations": Meaning("energy evaluations", "evaluations"),
        "budget.jobs": Meaning("jobs submitted to hardware", "jobs"),
        "budget.qpu_seconds": Meaning("time on the quantum processor", "s"),
        "budget.money": Meaning("what the vendor charges", "currency"),
        "budget.currency": Meaning("currency of budget.money"),
        "stopping": Meaning("rules that end a run under shots before its budget"),
        "stopping.gradient": Meaning(
            "stop when the mean gradient over this many steps is not significantly different from "
            "zero",
            "steps",
        ),
        "stopping.plateau": Meaning(
            "stop when measured energies do not fall significantly over this many steps", "steps"
        ),
        "stopping.expected_error": Meaning(
            "stop when the error that the optimizer's model expects is below this; for optimizers "
            "with such a model (kalman-newton)",
            "Hartree",
        ),
        "stopping.confidence": Meaning(
            "probability with which the error must be below stopping.expected_error"
        ),
        "start": Meaning("start parameters of the circuit, in place of the ansatz's own"),
    }
)
"""By dotted key."""
