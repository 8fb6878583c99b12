"""Runs fewest_shots.toml and renews the table and the picture of docs/kalman-newton.md.

    python examples/compare/fewest_shots.py              # prints it: three hours of one core
    python examples/compare/fewest_shots.py --write      # and renews the page

An instance is a circuit on a molecule from a start. An optimizer's score there is the median over
seeds of the shots after which the true error stays below 1.6 mHa (infinite for a run whose error
does not); the best rival is the one of lowest median, chosen for each instance afterwards, which
favours the rivals.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

import numpy as np

from qvopt import compare
from qvopt.comparison.compare import ComparisonResult

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parents[1] / "benchmarks")]

from orders import final, rank_table, scores  # noqa: E402
from published import DOCS, renew  # noqa: E402
from scores import shots_to_stay  # noqa: E402

OURS, TARGET = "kalman-newton", 1.6e-3
PICTURE = DOCS / "images" / "comparison" / "fewest-shots.svg"
SHOWN = ("H4 1.5 Å", "H4 2 Å")
BUDGETS = (30_000, 100_000, 300_000, 1_000_000, 3_000_000)
HEADING = (
    "| instance | Kalman-Newton stays after | best rival | stays after | times fewer "
    "| final error, mHa | best rival's | of |\n|---|---:|---|---:|---:|---:|---:|---|\n"
)


def stays(outcome) -> float:
    """Shots after which a run's error is below the target for good."""
    return shots_to_stay(outcome.shots, outcome.error, TARGET)


def shots(value: float) -> str:
    """A number of shots as text."""
    return f"{value:,.0f}" if np.isfinite(value) else "–"


def ratio(ours: float, rival: float) -> float:
    """How many times fewer shots; 1 where both take none, or neither arrives."""
    if ours == rival:
        return 1.0
    return rival / ours if ours > 0 else float("inf")


def rounded(value: float) -> str:
    """Two digits, without powers of ten."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"


def short(name: str) -> str:
    """The name of an instance without what all of them share."""
    name = re.sub(r"uccsd point_group=True spin_adapted=True\s*", "", name)
    name = re.sub(r"(\S+) \S+ bond=(\S+)", r"\1 \2 Å", name)
    return name.replace("initial=", "from ").strip()


def table(outcomes) -> tuple[str, str]:
    """The table and, in words, what it comes to."""
    names, stayed = scores(outcomes, stays)
    _, finals = scores(outcomes, lambda outcome: 1e3 * final(outcome))
    text, ratios, gaps = HEADING, [], []
    for name in stayed:
        reached, ends = (
            dict(zip(names, np.median(of[name], axis=0).tolist(), strict=True))
            for of in (stayed, finals)
        )
        rivals = [o for o in reached if o != OURS]
        best = min(rivals, key=lambda o: (reached[o], ends[o]))
        lowest = min(rivals, key=lambda o: ends[o])
        ratios.append(ratio(reached[OURS], reached[best]))
        gaps.append(ends[OURS] / ends[lowest])
        times = "all at once" if np.isinf(ratios[-1]) else rounded(ratios[-1])
        text += (
            f"| {short(name)} | {shots(reached[OURS])} | {best} | {shots(reached[best])} | {times} "
            f"| {ends[OURS]:.3f} | {ends[lowest]:.3f} | {lowest} |\n"
        )
    median = rounded(float(np.median(ratios)))
    seeds = len({outcome.seed for outcome in outcomes})
    words = (
        f"{len(outcomes)} runs, {seeds} seeds. Of {len(ratios)} instances it takes fewer shots "
        f"than every rival on {sum(r > 1.1 for r in ratios)}, about as many on "
        f"{sum(1 / 1.1 <= r <= 1.1 for r in ratios)} and more on "
        f"{sum(r < 1 / 1.1 for r in ratios)}; the median ratio is {median}. Its "
        f"final error is no larger than the best rival's on {sum(g <= 1.1 for g in gaps)}."
    )
    return text, words + interval_of_median(names, stayed)


def interval_of_median(names, stayed, resamples: int = 2000) -> str:
    """In words, the median ratio's bootstrap interval: seeds resampled in every instance.

    The best rival is chosen anew in each resample, which favours the rivals once more.
    """
    rng = np.random.default_rng(np.random.SeedSequence(20261129))
    ratios, ours = np.empty((len(stayed), resamples)), names.index(OURS)
    for k, shots_of in enumerate(stayed.values()):
        n = len(shots_of)
        for r in range(resamples):
            drawn = np.median(shots_of[rng.integers(0, n, n)], axis=0)
            ratios[k, r] = ratio(drawn[ours], np.delete(drawn, ours).min())
    quarter, middle = np.quantile(ratios, (0.25, 0.5), axis=0, method="lower")
    spans = [np.quantile(q, (0.025, 0.975), method="lower") for q in (middle, quarter)]
    texts = [
        f"{rounded(low)} to {rounded(high)}" if np.isfinite(high) else f"{rounded(low)} and more"
        for low, high in spans
    ]
    return f" 95 % of the median ratio: {texts[0]}; of the quarter quantile: {texts[1]}."


def draw(result: ComparisonResult, path: Path) -> None:
    """Draw the median errors of two instances against the shots spent."""
    import matplotlib.pyplot as plt

    problems = {short(outcome.problem): outcome.problem for outcome in result.outcomes}
    figure, panels = plt.subplots(1, 2, figsize=(9.5, 4.2), sharey=True, layout="constrained")
    for panel, name in zip(panels, SHOWN, strict=True):
        result.plot(ax=panel, problem=problems[name])
        panel.set_title(name, loc="left")
        panel.get_legend().remove()
    panels[1].set_ylabel("")
    lines, names = panels[0].get_legend_handles_labels()
    place = "outside right center"
    figure.legend(lines[::-1], names[::-1], loc=place, frameon=False, fontsize=8)
    with plt.rc_context({"svg.hashsalt": path.stem}):  # the same picture, the same bytes
        figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main() -> None:
    """Run, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("comparisons/fewest-shots"))
    parser.add_argument("--write", action="store_true", help="renew docs/kalman-newton.md")
    arguments = parser.parse_args()
    result = compare(HERE / "fewest_shots.toml", out=arguments.out)
    text, words = table(result.outcomes)
    ranks = rank_table([o for o in result.outcomes if o.budget >= BUDGETS[-1]], BUDGETS)
    print(text + "\n" + words + "\n\n" + ranks)
    if arguments.write:
        command = "python examples/compare/fewest_shots.py --write"
        draw(result, PICTURE)
        shown = "![H4 by eight optimizers](images/comparison/fewest-shots.svg)"
        renew("kalman-newton.md", "fewest-shots", f"{text}\n{words}\n\n{shown}", command)
        renew("kalman-newton.md", "fewest-shots-ranks", ranks, command)


if __name__ == "__main__":
    main()
