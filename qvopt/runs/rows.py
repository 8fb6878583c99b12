"""The closing table of a run: for terminals, notebooks and plain text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qvopt.measurement.estimate import Estimate
from qvopt.runs.result import KCAL_PER_MOL, Result
from qvopt.runs.wording import wording

_GAP = 1e-6  # Hartree between states that are called different


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
    error = f"{1e3 * result.stderr:.2g} mHa" if words.in_hartree else f"{result.stderr:.2g}"
    parts = [f"{final.shots:,} shots", f"{final.grouping} plan"]
    if final.bound:
        asked = f"{1e3 * (final.precision or 0.0):g} mHa" if words.in_hartree else final.precision
        why = "its share of the shots" if final.bound == "share" else "the budget"
        parts.append(f"{asked} would pass {why}")
    return [("final estimate", f"{error}", ", ".join(parts))]


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
            chosen = result.problem.get("mitigation_chosen_by", "")
            rows.append(
                ("mitigation", " + ".join(result.mitigation), chosen and f"chosen by {chosen}")
            )
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
    if result.error is not None:
        noisy = result.exact is None and bool(result.stderr)
        note = "of the measured energy" if noisy else ""
        if words.in_hartree:
            rows.append(("error", f"{1e3 * result.error:z.4f}", f"mHa {note}".strip()))
            rows.append(("", f"{KCAL_PER_MOL * result.error:z.4f}", "kcal/mol"))
        else:
            rows.append(("error", f"{result.error:z.8f}", f"{unit} {note}".strip()))
    if words.in_hartree and result.correlation is not None:
        above = result.correlation < -5e-5
        share = "none" if above else f"{100 * result.correlation:z.2f}"
        of = "above Hartree-Fock" if above else f"% of {words.exact} - Hartree-Fock"
        rows.append(("correlation recovered", share, of))
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
    rows.append(("shots", f"{result.shots:,}", ""))
    rows.append(("time", f"{result.seconds:.2f}", "s"))
    return rows
