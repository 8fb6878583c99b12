"""The closing table of a run: for terminals, notebooks and plain text."""

from __future__ import annotations

from qvopt.measurement.estimate import Estimate
from qvopt.runs.result import KCAL_PER_MOL, Result
from qvopt.runs.wording import wording


def result_rows(result: Result) -> list[tuple[str, str, str]]:
    """Rows (name, value, unit) of the closing table."""
    rows = [("status", result.status, result.message)]
    words = wording(result)
    unit = words.unit
    if result.energy is not None:
        sampled = bool(result.stderr)
        estimate = Estimate(result.energy, (result.stderr or 0.0) ** 2)
        rows.append(("energy", str(estimate), f"{unit} (fresh shots)".strip() if sampled else unit))
        if sampled and result.exact is not None:
            rows.append(("noiseless energy there", f"{result.exact:.8f}", unit))
    if result.average is not None and result.n_steps > 1:
        mean = result.average
        estimate = Estimate(mean.energy.value, mean.energy.variance)
        rows.append(("energy at mean iterate", str(estimate), f"{unit} (fresh shots)".strip()))
        if mean.exact is not None:
            rows.append(("noiseless energy there", f"{mean.exact:.8f}", unit))
    rows.append((words.reference, f"{result.hf:.8f}", unit))
    if result.fci is not None:
        rows.append((words.exact, f"{result.fci:.8f}", unit))
    if result.error is not None:
        noisy = result.exact is None and bool(result.stderr)
        note = "of the measured energy" if noisy else ""
        if words.in_hartree:
            rows.append(("error", f"{1e3 * result.error:z.4f}", f"mHa {note}".strip()))
            rows.append(("", f"{KCAL_PER_MOL * result.error:z.4f}", "kcal/mol"))
        else:
            rows.append(("error", f"{result.error:z.8f}", f"{unit} {note}".strip()))
    if words.in_hartree and result.correlation is not None:
        above = result.correlation < 0
        share = "none" if above else f"{100 * result.correlation:.2f}"
        rows.append(("correlation recovered", share, "above Hartree-Fock" if above else "%"))
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
