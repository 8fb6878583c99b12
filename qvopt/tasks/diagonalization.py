"""Diagonalisation in the determinants that the final state of a run shows.

The circuit is measured in the computational basis; the Hamiltonian is diagonalised, classically, in
the span of the determinants that came out. The energy is an upper bound of the exact one, with no
error bar of its own: noise only makes the span worse. (Quantum-selected configuration interaction:
K. Kanno et al., arXiv:2302.11320; with repaired samples: arXiv:2405.05068.)
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from math import comb, isqrt
from pathlib import Path
from typing import Any, Final

import numpy as np

from qvopt.backends.batch import Batch, Point
from qvopt.backends.cost import Cost
from qvopt.backends.protocol import DurableProgram, Program, SubmissionPolicy
from qvopt.engine.assembly import Assembly
from qvopt.engine.states import components
from qvopt.engine.streams import stream
from qvopt.experiment.counts import positive_count
from qvopt.experiment.settings import refuses_unknown_keywords
from qvopt.measurement.blocks import rounded_up
from qvopt.measurement.plan import Diagonal, MeasurementGroup, MeasurementPlan, PauliBasis
from qvopt.records.codec import encode_array
from qvopt.records.events import DIAGONALIZATION, History
from qvopt.records.ledger import Costs, add_costs
from qvopt.runs.approval import Approve
from qvopt.runs.folder import RunFolder
from qvopt.runs.html import html_table
from qvopt.runs.result import Result
from qvopt.runs.text_table import shown_cell, text_table
from qvopt.tasks.after_run import Account, final_point, folder_of, kept_or_measured
from qvopt.tasks.configuration_recovery import Samples, recovered
from qvopt.tasks.properties_result import Place
from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.determinants import occupation_strings
from qvopt_molecules.errors import InputError
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.string_subspace import lowest_state

MAX_DETERMINANTS: Final = 1_000_000
"""Of the span, by default: a minute or so, and some hundred MB."""

_STREAM, _REPAIRS = 8, 9
_ROUNDS: Final = 5
_COLUMNS: Final = ("quantity", "value")
_SETTLED: Final = 1e-6
"""Hartree: repairs end where they no longer lower the energy by more."""


@dataclass(frozen=True, repr=False)
class Diagonalization:
    """What a diagonalisation brought. Energies in Hartree.

    Attributes:
        energy: the lowest one in the span, an upper bound of the exact one.
        spin_squared: ⟨S²⟩ of that state.
        determinants: dimension of the span.
        sector: dimension of the whole sector; where it is all spanned, this is full CI, and the
            samples chose nothing.
        shots: that were taken.
        kept: how many of them had the right electron numbers.
        rounds: energies of the rounds of repair, the first from the kept outcomes alone.
        at: "last" or "average" iterate of the run.
    """

    energy: float
    spin_squared: float
    determinants: int
    sector: int
    shots: int
    kept: int
    rounds: tuple[float, ...]
    at: str

    @property
    def complete(self) -> bool:
        """Whether the span is the whole sector."""
        return self.determinants == self.sector

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a number: `quantity`, its unit in the name, and `value`."""
        values = {
            "energy_hartree": self.energy,
            "spin_squared": self.spin_squared,
            "determinants": self.determinants,
            "determinants_of_sector": self.sector,
            "shots": self.shots,
            "shots_kept": self.kept,
        }
        return [{"quantity": name, "value": value} for name, value in values.items()]

    def frame(self) -> Any:
        """The rows as a pandas DataFrame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def __repr__(self) -> str:
        return text_table(self.rows(), _COLUMNS)

    def _repr_html_(self) -> str:
        return html_table(([shown_cell(row[c]) for c in _COLUMNS] for row in self.rows()), _COLUMNS)

    def document(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self) | {"rounds": list(self.rounds), "complete": self.complete}

    @classmethod
    def of_document(cls, data: dict[str, Any]) -> Diagonalization:
        """Read what `document` wrote."""
        fields = {k: v for k, v in data.items() if k != "complete"}
        return cls(**(fields | {"rounds": tuple(data["rounds"])}))


@refuses_unknown_keywords
def diagonalize(
    run: str | Path | Result,
    *,
    shots: int | float | str | None = None,
    repair: bool = True,
    max_determinants: int | float | str = MAX_DETERMINANTS,
    at: Place | None = None,
    jobs: SubmissionPolicy | None = None,
    approve: Approve | None = None,
) -> Diagonalization:
    """Diagonalise in the determinants that the final state of a run shows.

        diagonalize("runs/h2o-uccsd-icans-1", shots=10_000).energy

    Args:
        run: the run folder, or the result of a run that has one.
        shots: that are taken; None takes those of one energy of the run.
        repair: also use outcomes with wrong electron numbers, repaired (see
            `configuration_recovery`).
        max_determinants: largest dimension of the span; the commonest strings are taken.
        at: "last" iterate, or "average" of the last quarter; None takes the average where there
            is one.
        jobs: what is to be done with the job of a run on hardware; None waits for it.
        approve: called before the job on hardware, as by `run`.

    The shots are charged to the run and count against its budget; asking again costs nothing.
    Raises InputError for a run that has not ended, another mapping than Jordan-Wigner, and where no
    outcome has the right electron numbers; BudgetExceededError where the shots would pass a cap.
    """
    shots = None if shots is None else positive_count(shots, "shots")
    max_determinants = positive_count(max_determinants, "max_determinants")
    path = folder_of(run)
    folder = RunFolder.open(path)
    experiment = folder.begun_experiment()
    events = folder.events()
    history = History.of(events)
    x, where = final_point(history, path, at)
    if shots is None:
        shots = experiment.measurement.shots
    if shots is None:
        raise InputError("the run is exact, so say how many shots to take, such as --shots 10000")
    if experiment.mapping != "jordan-wigner":
        raise InputError(
            f"outcomes are read as determinants in the jordan-wigner mapping, and this run has "
            f"{experiment.mapping}"
        )
    h = folder.hamiltonian().orbitals()
    asked = {"shots": shots, "at": where, "x": encode_array(x)}
    measure = partial(_measured, x=x, shots=shots)
    kept = kept_or_measured(
        folder, events, DIAGONALIZATION, "counts", asked, jobs, approve, measure
    )
    counts = {int(outcome): int(n) for outcome, n in kept.items()}
    rng = np.random.default_rng(stream(experiment.seed, _REPAIRS, shots))
    samples = Samples.of_counts(counts, h.norb, (h.n_alpha, h.n_beta))
    diagonalization = _diagonalized(h, samples, rng, repair, max_determinants, where)
    folder.write_json("diagonalization.json", diagonalization.document())
    return diagonalization


def _diagonalized(
    h: MolecularHamiltonian,
    samples: Samples,
    rng: np.random.Generator,
    repair: bool,
    max_determinants: int,
    where: str,
) -> Diagonalization:
    largest = isqrt(max_determinants)
    kept = samples.kept
    kept.occupations()  # none is refused
    strings = kept.strings(largest)
    state = lowest_state(h, *strings)
    energies = [state.energy]
    while repair and not samples.right.all() and len(energies) < _ROUNDS:
        repaired = recovered(samples, state.occupations, rng).strings(largest)
        newer = lowest_state(h, *repaired)
        energies.append(newer.energy)
        gain = state.energy - newer.energy
        if gain > 0.0:
            state, strings = newer, repaired
        if gain < _SETTLED:
            break
    return Diagonalization(
        energy=state.energy,
        spin_squared=state.spin_squared,
        determinants=len(strings[0]) * len(strings[1]),
        sector=comb(h.norb, h.n_alpha) * comb(h.norb, h.n_beta),
        shots=int(samples.times.sum()),
        kept=int(kept.times.sum()),
        rounds=tuple(energies),
        at=where,
    )


def _measured(
    assembly: Assembly, number: int, account: Account, *, x: FloatArray, shots: int
) -> tuple[dict[str, Any], Costs]:
    """Sample within the run's budget; return the counts by outcome and what they cost."""
    key = (_STREAM, shots, number)
    if "counts" in assembly.program.samples:
        counts, costs = _sampled(assembly, x, shots, key, account)
    else:
        costs = {DIAGONALIZATION: Cost(1, 1, shots)}
        account.ask(costs)
        counts = _drawn(assembly, x, shots, key)
    return {str(outcome): n for outcome, n in sorted(counts.items())}, costs


def _sampled(
    assembly: Assembly, x: FloatArray, shots: int, key: tuple[int, ...], account: Account
) -> tuple[dict[int, int], Costs]:
    """Counts from the program: one circuit, on hardware one job."""
    n = assembly.circuit.n_qubits
    nothing = Diagonal(np.zeros(0, dtype=np.uint64), np.zeros(0))
    group = MeasurementGroup(PauliBasis("Z" * n), nothing)
    plan = MeasurementPlan("computational-basis", n, 0.0, (group,), np.ones(1))
    program: Program = assembly.compiler.program(assembly.circuit, plan)
    block = program.block(shots) if isinstance(program, DurableProgram) else 1
    taken = rounded_up(shots, block)
    batch = Batch([Point(x)], np.array([[taken]]), counts=True)

    def costs(total: Cost) -> Costs:
        return add_costs({DIAGONALIZATION: Cost(1, 1, taken)}, {"hardware": total - batch.cost()})

    seed = stream(assembly.experiment.seed, *key)
    begun = isinstance(program, DurableProgram) and program.submitted(batch, seed)
    account.ask(costs(program.price(batch)), begun=begun)
    result = program.run(batch, seed)
    return dict(result.counts[0][0]), costs(result.cost)


def _drawn(assembly: Assembly, x: FloatArray, shots: int, key: tuple[int, ...]) -> dict[int, int]:
    """Counts drawn from the simulator's amplitudes."""
    norb = assembly.molecular.norb
    outcomes, weights = [], []
    for part in components(assembly, x):
        alpha = occupation_strings(norb, part.n_alpha)
        beta = occupation_strings(norb, part.n_beta)
        outcomes.append((alpha[:, None] | (beta[None, :] << norb)).reshape(-1))
        weights.append(np.square(np.abs(part.psi)).reshape(-1))
    p = np.concatenate(weights)
    rng = np.random.default_rng(stream(assembly.experiment.seed, *key))
    times = rng.multinomial(shots, p / p.sum())
    seen = np.flatnonzero(times)
    bits = np.concatenate(outcomes)[seen]
    return dict(zip(bits.tolist(), times[seen].tolist(), strict=True))
