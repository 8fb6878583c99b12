"""The closing table of a run: for terminals, notebooks and plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qvopt.measurement.estimate import Estimate, two_digits
from qvopt.records.ledger import FINAL
from qvopt.runs.result import KCAL_PER_MOL, Result
from qvopt.runs.wording import wording

_GAP = 1e-6  # Hartree between states that are called different
_BESIDE = {"lost": "failed jobs", "properties": "properties", "diagonalization": "diagonalization"}
_RESOLVED = 0.5  # of the correlation energy, that its share may be uncertain by


def exact_state(exact: Mapping[str, Any]) -> str:
    """Say of which state an exact energy is, where it is not simply the lowest of all."""
    if not exact or not ((exact.get("gap") or 0.0) > _GAP or exact["multiplicity"] > 1):
        return ""
    return f"({exact['state']})"


def _state_rows(result: Result) -> list[tuple[str, str, str]]:
    """What the check of the last state says; nothing of runs that have not ended, or of spins."""
    if "electrons" not in result.problem or result.status in ("interrupted", "diverged"):
        return []
    n = result.numbers
    if n is None:
        return [
            ("state", "not checked", "neither amplitudes nor outcomes tell its electrons and spin")
        ]
    if n.measured:
        electrons = Estimate(n.electrons, (n.electrons_error or 0.0) ** 2)
        s_z = Estimate(n.s_z, (n.s_z_error or 0.0) ** 2)
        note = "as read, uncorrected; ⟨S²⟩ not measured"
        return [("⟨N⟩, ⟨S_z⟩", f"{electrons}, {s_z}", note)]
    return [("⟨N⟩, ⟨S_z⟩, ⟨S²⟩", f"{n.electrons:.4f}, {n.s_z:z.4f}, {n.s2:z.4f}", "")]


def _final_rows(result: Result) -> list[tuple[str, str, str]]:
    """How the energy was measured: its error, its shots, and what kept it from more."""
    final = result.final
    if final is None or result.stderr is None:
        return []
    words = wording(result)
    scale, unit = (1e3, "mHa") if words.in_hartree else (1.0, words.unit)
    error = f"{two_digits(scale * result.stderr)} {unit}".rstrip()
    parts = [f"{final.shots:,} shots", f"{final.grouping} plan"]
    if final.bound:
        asked = f"{scale * (final.precision or 0.0):g} {unit}".rstrip()
        why = "its share of the shots" if final.bound == "share" else "the budget"
        parts.append(f"{asked} would pass {why}")
    return [("final estimate", f"{error}", ", ".join(parts))]


def _error_rows(result: Result) -> list[tuple[str, str, str]]:
    """The error and the share of the correlation energy, to the digits that a measured one has.

    A share whose standard error is more than half the correlation energy says nothing, and is left
    out.
    """
    if result.error is None:
        return []
    words = wording(result)
    stderr = result.error_stderr
    note = "of the measured energy" if stderr else ""

    def shown(scale: float, digits: int) -> str:
        assert result.error is not None
        value = scale * result.error
        return str(Estimate(value, (scale * stderr) ** 2)) if stderr else f"{value:z.{digits}f}"

    if not words.in_hartree:
        return [("error", shown(1.0, 8), f"{words.unit} {note}".strip())]
    rows = [("error", shown(1e3, 4), f"mHa {note}".strip())]
    rows.append(("", shown(KCAL_PER_MOL, 4), "kcal/mol"))
    if result.correlation is None or result.fci is None:
        return rows
    spread = abs(stderr / (result.hf - result.fci))
    if not spread <= _RESOLVED:
        return rows
    above = result.correlation < -max(5e-5, 2.0 * spread)
    share = f"{100 * result.correlation:z.2f}"
    if stderr:
        share = str(Estimate(100 * result.correlation, (100 * spread) ** 2))
    of = "above Hartree-Fock" if above else f"% of {words.exact} - Hartree-Fock"
    return [*rows, ("correlation recovered", "none" if above else share, of)]


def _shots_rows(result: Result) -> list[tuple[str, str, str]]:
    """All shots, and where there is a final estimate also its parts, which add up."""
    rows = [("shots", f"{result.shots:,}", "")]
    at_end = result.costs.get(FINAL)
    if result.final is None or at_end is None:
        return rows
    final = result.final
    pilot = "its pilot, " if final.pilot else ""
    others = f"{pilot}mean iterate, start"
    if at_end.evaluations > 3 + bool(final.pilot):  # noise scales, or ends that were passed
        others = "other energies at an end"
    beside = {name: cost.shots for name, cost in result.costs.items() if name in _BESIDE}
    before = result.shots - at_end.shots - sum(beside.values())
    parts = [
        (before, "steps, mitigation" if _mitigated(result) else "steps"),
        (final.shots, "final estimate"),
        (at_end.shots - final.shots, others),
        *((shots, _BESIDE[name]) for name, shots in beside.items()),
    ]
    return rows + [("", f"{shots:,}", name) for shots, name in parts if shots]


def _mitigated(result: Result) -> bool:
    """Whether shots went to circuits of mitigation, which rounds of the end have too."""
    return bool(result.costs.keys() & {"calibration", "reference-state", "clifford-training"})


def result_rows(result: Result) -> list[tuple[str, str, str]]:
    """Rows (name, value, unit) of the closing table."""
    rows = [("status", result.status, result.message)]
    words = wording(result)
    unit = words.unit
    if result.energy is not None:
        sampled = bool(result.stderr)
        estimate = Estimate(result.energy, (result.stderr or 0.0) ** 2)
        rows.append(("energy", str(estimate), f"{unit} (fresh shots)".strip() if sampled else unit))
        rows += _final_rows(result)
        if result.mitigation:
            first, *others = result.mitigation
            chosen = result.problem.get("mitigation_chosen_by")
            notes = [" ".join(f"+ {stage}" for stage in others), chosen and f"chosen by {chosen}"]
            # The column of values is narrow, for numbers.
            rows.append(("mitigation", first, ", ".join(note for note in notes if note)))
        if sampled and result.exact is not None:
            rows.append(("noiseless energy there", f"{result.exact:.8f}", unit))
    if result.average is not None and result.n_steps > 1:
        mean = result.average
        estimate = Estimate(mean.energy.value, mean.energy.variance)
        rows.append(("energy at mean iterate", str(estimate), f"{unit} (fresh shots)".strip()))
        if mean.exact is not None:
            rows.append(("noiseless energy there", f"{mean.exact:.8f}", unit))
    rows.append((words.reference, f"{result.hf:.8f}", unit))
    exact = result.problem.get("exact") or {}
    if result.fci is not None:
        rows.append((words.exact, f"{result.fci:.8f}", f"{unit} {exact_state(exact)}".strip()))
    if (exact.get("gap") or 0.0) > _GAP:
        gap = f"{1e3 * exact['gap']:.4f}" if words.in_hartree else f"{exact['gap']:.8f}"
        unit_of_gap = "mHa" if words.in_hartree else unit
        rows.append(
            ("lowest of all states", f"{exact['lowest']:.8f}",
             f"{unit}, {gap} {unit_of_gap} below it".strip(" ,"))
        )  # fmt: skip
    rows += _error_rows(result)
    rows += _state_rows(result)
    if result.bits is not None:
        bits = result.bits
        shown = f"cost {bits.cost:g}, probability {bits.probability:.3g}"
        rows.append(("approximation ratio", f"{bits.ratio:.6f}", ""))
        rows.append(("best bit string", bits.best, shown))
    if result.operators:
        rows.append(("operators", f"{len(result.operators):,}", ""))
    rows.append(("steps", f"{result.n_steps:,}", ""))
    rows.append(("evaluations", f"{result.evaluations:,}", ""))
    rows += _shots_rows(result)
    rows.append(("time", f"{result.seconds:.2f}", "s"))
    return rows
