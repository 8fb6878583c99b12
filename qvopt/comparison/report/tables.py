"""The tables of a report: each once as values for analysis and once as text to read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from qvopt.comparison.summary import FEW_STEPS, ErrorRow, PairTest, Summary, TargetRow

from .numbers import UNKNOWN, between, p_value, percent, shots, thousandths

Value = str | int | float | bool

_ALL: Final = "all problems"


@dataclass(frozen=True)
class Table:
    """A table to read.

    Attributes:
        name: of its files.
        caption: in words.
        columns: headings; the first `texts` columns are text, the others numbers.
        rows: cells as text.
        strong: rows to set in bold.
    """

    name: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    texts: int = 1
    strong: frozenset[int] = frozenset()


def ranking_table(summary: Summary) -> Table:
    """Mean ranks, their intervals and letters."""
    rows = tuple(
        (r.optimizer, r.letters, f"{r.mean:.2f}", f"{r.interval.low:.2f}–{r.interval.high:.2f}")
        for r in summary.ranking
    )
    best = frozenset(k for k, r in enumerate(summary.ranking) if r.tied_with_best)
    return Table(
        "ranking",
        f"Mean rank by final true error over {summary.blocks} pairs of problem and seed (1 is "
        f"best), with its 95 % bootstrap interval. Two optimizers share a letter exactly if their "
        f"test over all problems, see the paired tests, is not significant at 5 % after Holm's "
        f"correction over all pairs; those in bold do not differ from the first.",
        ("optimizer", "group", "mean rank", "95 % interval"),
        rows,
        texts=2,
        strong=best,
    )


def results_table(
    summary: Summary, problem: str, number: int, target: float | None = None
) -> Table:
    """One problem: success, shots and running time at a target, the main one by default; errors."""
    target = summary.targets[0] if target is None else target
    reached = {r.optimizer: r for r in _targets(summary, problem, target)}
    ended = {r.optimizer: r for r in summary.at_end if r.problem == problem}
    names = [name for name in summary.order if name in ended]
    rows = [_result(reached[name], ended[name]) for name in names]
    lowest, unit = min((ended[n].error for n in names), default=0.0), summary.thousandth
    return Table(
        f"results-{number}",
        f"{problem}: runs that reached {target_text(summary, target)} with Wilson's 95 % "
        f"interval; shots to it, median and quartiles with failures as infinite; expected "
        f"running time (ERT), failures charged; median true and measured error at the end. "
        f"Intervals are 95 % bootstrap over seeds. Bold: the lowest final error. Steps: their "
        f"median (†: fewer than {FEW_STEPS}, too few to rank by); gradients: how many the budget "
        f"pays.{_starts_text(summary, problem, [target])}",
        ("optimizer", "steps", "gradients", "reached", "rate (%)", "shots to target", "quartiles",
         "ERT", "95 %", f"final error ({unit})", "95 %", f"measured ({unit})", "failed"),
        tuple(rows),
        strong=frozenset(k for k, n in enumerate(names) if ended[n].error == lowest),
    )  # fmt: skip


def _result(at: TargetRow, end: ErrorRow) -> tuple[str, ...]:
    low, middle, high = at.quartiles
    failed = end.diverged + end.crashed
    return (
        at.optimizer,
        f"{end.steps:g}" + (" †" if end.few_steps else ""),
        UNKNOWN if math.isnan(end.gradients) else f"{end.gradients:.3g}",
        f"{at.successes}/{at.runs}",
        f"{100 * at.rate_interval.low:.0f}–{100 * at.rate_interval.high:.0f}",
        shots(middle),
        _range(low, high),
        shots(at.ert),
        between(at.ert_interval, shots),
        thousandths(end.error),
        between(end.error_interval, thousandths),
        f"{thousandths(end.measured)} ± {thousandths(end.measured_error)}",
        f"{failed}" if failed else "0",
    )


def targets_table(summary: Summary, problem: str, number: int) -> Table:
    """One problem: every other target."""
    rows = tuple(
        (
            target_text(summary, r.target), r.optimizer, f"{r.successes}/{r.runs}",
            f"{100 * r.rate_interval.low:.0f}–{100 * r.rate_interval.high:.0f}",
            shots(r.quartiles[1]), _range(r.quartiles[0], r.quartiles[2]),
            shots(r.ert), between(r.ert_interval, shots),
        )
        for target in summary.targets[1:]
        for name in summary.order
        for r in _targets(summary, problem, target)
        if r.optimizer == name
    )  # fmt: skip
    return Table(
        f"targets-{number}",
        f"{problem}: the other targets.{_starts_text(summary, problem, summary.targets[1:])}",
        ("target", "optimizer", "reached", "rate (%)", "shots to target", "quartiles", "ERT",
         "95 %"),
        rows,
        texts=2,
    )  # fmt: skip


def final_errors_table(summary: Summary) -> Table:
    """The errors at the end of every optimizer on every problem."""
    unit = summary.thousandth
    rows = tuple(
        (
            end.problem, end.optimizer, f"{end.runs}", f"{end.diverged + end.crashed}",
            thousandths(end.error), between(end.error_interval, thousandths),
            f"{thousandths(end.quartiles[0])}–{thousandths(end.quartiles[2])}",
            thousandths(end.measured), thousandths(end.measured_error),
        )
        for problem in summary.problems
        for name in summary.order
        for end in summary.at_end
        if (end.problem, end.optimizer) == (problem, name)
    )  # fmt: skip
    return Table(
        "final_errors",
        "Final errors at the fixed budget: runs, and how many failed; median true error with its "
        "95 % bootstrap interval over seeds, and quartiles, failures counting as infinite; median "
        "measured error and median of its standard errors.",
        ("problem", "optimizer", "runs", "failed", f"final error ({unit})", "95 %", "quartiles",
         f"measured ({unit})", "standard error"),
        rows,
        texts=2,
    )  # fmt: skip


def paired_table(summary: Summary) -> Table:
    """The best of the ranking against each other optimizer."""
    best = summary.order[0]
    rows = []
    overall = [(_ALL, _overall(summary))]
    by_problem = [(p, [t for t in summary.tests if t.problem == p]) for p in summary.problems]
    for problem, tests in [*overall, *by_problem]:
        with_best = [t for t in tests if best in (t.first, t.second)]
        by_other = {t.second if t.first == best else t.first: t for t in with_best}
        for other in summary.order[1:]:
            if other in by_other:
                t = by_other[other]
                wins = t.probability if t.first == best else 1 - t.probability
                rows.append(
                    (problem, other, f"{t.pairs}", percent(wins), p_value(t.p),
                     p_value(t.corrected))
                )  # fmt: skip
    return Table(
        "tests",
        f"{best} against the others, by final true error of the same seeds: share of pairs that it "
        f"wins, two-sided p-value of Wilcoxon's signed-rank test, and after Holm's correction over "
        f"all pairs of optimizers. Over all problems each problem is a stratum of the test; the "
        f"letters of the ranking are those tests. Every pair is in tables/tests.csv.",
        ("problem", "against", "pairs", f"{best} wins", "p", "corrected p"),
        tuple(rows),
        texts=2,
    )


def detectable_table(summary: Summary) -> Table:
    """What differences the seeds could have shown."""
    rows = tuple(
        (
            d.problem, f"{d.pairs}", f"{d.tests}", p_value(d.smallest_p),
            percent(d.win_probability) if d.win_probability < 1 else "none",
            f"{d.factor:.3g}" if d.factor < 1e6 else "none",
        )
        for d in summary.detectable
    )  # fmt: skip
    return Table(
        "detectable",
        "Smallest differences between two optimizers that would be found with a power of 80 % at "
        "5 %, corrected for all pairs: a win probability, and a ratio of final errors at the "
        "typical spread between seeds. What is smaller may be there and go unseen.",
        ("problem", "pairs", "tests", "least p possible", "win probability", "ratio of errors"),
        rows,
    )


def values(summary: Summary) -> dict[str, list[dict[str, Value]]]:
    """Every table in full as plain values, energies in Hartree, for CSV and Parquet."""
    return {
        "ranking": [
            {"optimizer": r.optimizer, "mean_rank": r.mean, "low": r.interval.low,
             "high": r.interval.high, "tied_with_best": r.tied_with_best, "letters": r.letters}
            for r in summary.ranking
        ],
        "targets": [
            {"problem": r.problem, "optimizer": r.optimizer, "target": r.target, "runs": r.runs,
             "successes": r.successes, "rate": r.rate, "rate_low": r.rate_interval.low,
             "rate_high": r.rate_interval.high, "shots_q25": r.quartiles[0],
             "shots_median": r.quartiles[1], "shots_q75": r.quartiles[2], "ert": r.ert,
             "ert_low": r.ert_interval.low, "ert_high": r.ert_interval.high,
             "at_start": r.at_start}
            for r in summary.at_targets
        ],
        "final_errors": [
            {"problem": r.problem, "optimizer": r.optimizer, "runs": r.runs,
             "diverged": r.diverged, "crashed": r.crashed, "error_q25": r.quartiles[0],
             "error_median": r.error, "error_q75": r.quartiles[2],
             "error_low": r.error_interval.low, "error_high": r.error_interval.high,
             "measured": r.measured, "measured_stderr": r.measured_error,
             "steps": r.steps, "gradients_paid": r.gradients, "few_steps": r.few_steps,
             **{f"shots_{p}": s for p, s in r.spent.items()}}
            for r in summary.at_end
        ],
        "tests": [
            {"problem": t.problem or _ALL, "first": t.first, "second": t.second, "pairs": t.pairs,
             "win_probability": t.probability, "p": t.p, "p_holm": t.corrected}
            for t in (*_overall(summary), *summary.tests)
        ],
        "detectable": [
            {"problem": d.problem, "pairs": d.pairs, "tests": d.tests,
             "smallest_p": d.smallest_p, "win_probability": d.win_probability,
             "error_ratio": d.factor}
            for d in summary.detectable
        ],
    }  # fmt: skip


def _overall(summary: Summary) -> Sequence[PairTest]:
    """The tests over all problems; none where there is one problem, whose own tests they are."""
    return summary.overall if len(summary.problems) > 1 else ()


def _targets(summary: Summary, problem: str, target: float) -> Sequence[TargetRow]:
    return [r for r in summary.at_targets if r.problem == problem and r.target == target]


def _starts_text(summary: Summary, problem: str, targets: Sequence[float]) -> str:
    """Say how many runs start within targets already, where some do."""
    said = ""
    for target in targets:
        starting, runs = summary.starts_within(problem, target)
        if starting:
            said += f" {starting} of {runs} runs start within {target_text(summary, target)}"
            said += ": this target ranks nothing here." if starting == runs else "."
    return said


def _range(low: float, high: float) -> str:
    return shots(low) if low == high else f"{shots(low)}–{shots(high)}"


def target_text(summary: Summary, target: float) -> str:
    """Return a target with its unit."""
    return f"{1e3 * target:g} {summary.thousandth}"


def option_text(options: Any) -> str:
    """Return hyper-parameters in words."""
    if not options:
        return "defaults"
    return ", ".join(f"{k} = {_short(v)}" for k, v in sorted(dict(options).items()))


def _short(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()  # as files and `qvopt list optimizers` have it
    return f"{value:.4g}" if isinstance(value, float) else str(value)
