"""Runs the comparisons beside it and renews docs/results.md: its tables and its pictures.

    python examples/compare/results.py                 # all, in minutes
    python examples/compare/results.py h2 --out /tmp   # some; runs kept elsewhere
    python examples/compare/results.py --check         # which tables other sources have made

What has run is not run again: with the folders at hand only tables and pictures are made again.
Every table carries the version and a hash of the sources that made it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from pathlib import Path

from qvopt import compare

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "benchmarks"))

from published import sources_hash, stamp  # noqa: E402

DOCS = HERE.parents[1] / "docs"
NAMES = ("h2", "lih", "h4")
PICTURES = ("convergence-1", "shots-to-target", "wins")


def table(result) -> str:
    """The results of a comparison with one problem, best first, as Markdown."""
    (problem,) = result.summary.problems
    ends = sorted(
        (row for row in result.summary.at_end if row.problem == problem), key=lambda r: r.error
    )
    letters = {rank.optimizer: rank.letters for rank in result.summary.ranking}
    targets = result.summary.targets
    lines = [
        "| optimizer | median error (mHa) | 95 % | "
        + " | ".join(f"within {1e3 * t:g}" for t in targets)
        + f" | shots to {1e3 * targets[0]:g} mHa | group |",
        "|---|---|---|" + "---|" * len(targets) + "---|---|",
    ]
    for end in ends:
        at = {
            row.target: row
            for row in result.summary.at_targets
            if row.problem == problem and row.optimizer == end.optimizer
        }
        ert = at[targets[0]].ert
        cells = [
            end.optimizer,
            f"{1e3 * end.error:.3g}",
            f"{1e3 * end.error_interval.low:.3g}–{1e3 * end.error_interval.high:.3g}",
            *(f"{at[t].successes}/{at[t].runs}" for t in targets),
            "–" if ert == float("inf") else f"{ert:,.0f}",
            letters.get(end.optimizer, ""),
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def costs(result) -> str:
    """What the runs took, in one line."""
    runs = result.runs
    text = f"{len(runs)} runs, {runs.shots.sum() / 1e9:.3g} billion shots, "
    text += f"{runs.seconds.sum() / 60:.0f} minutes of one core"
    tuning = result.about["tuning"]
    if tuning:
        trials = result.trials
        text += (
            f"; the search of hyper-parameters before them {len(trials)} runs and "
            f"{tuning['shots'] / 1e9:.3g} billion shots"
        )
    return text + "."


def block(page: str, name: str) -> str:
    """The part of the page that a comparison fills."""
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", page, re.DOTALL)
    if found is None:
        raise SystemExit(f"docs/results.md has no part called {name}")
    return found.group(1)


def rows_of(part: str) -> dict[str, dict[str, str]]:
    """The rows of a published table by optimizer, each by its headings."""
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    head, *rows = lines
    return {row[0]: dict(zip(head, row, strict=False)) for row in rows}


def check(names: list[str]) -> None:
    """Say which tables the present sources have made."""
    page = (DOCS / "results.md").read_text(encoding="utf-8")
    for name in names:
        found = re.search(r"sources ([0-9a-f]{12})", block(page, name))
        made = "an unknown version" if found is None else found.group(1)
        same = found is not None and found.group(1) == sources_hash()
        print(f"{name:5} {'as these sources make it' if same else f'made by {made}'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--out", type=Path, default=Path("comparisons"))
    parser.add_argument("--check", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    if arguments.check:
        check(arguments.names or list(NAMES))
        return
    page = DOCS / "results.md"
    images = DOCS / "images" / "comparison"
    images.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        result = compare(HERE / f"{name}.toml", out=arguments.out / name)
        result.report()
        for picture in PICTURES:
            source = arguments.out / name / "figures" / f"{picture}.svg"
            shutil.copy(source, images / f"{name}-{picture.removesuffix('-1')}.svg")
        made = stamp(f"python examples/compare/results.py {name}")
        filled = f"{table(result)}\n\n{costs(result)} {made}"
        filled = f"<!-- {name} -->\n\n{filled}\n\n<!-- /{name} -->"
        text = page.read_text(encoding="utf-8")
        pattern = rf"<!-- {name} -->.*?<!-- /{name} -->"
        text = re.sub(pattern, lambda _: filled, text, flags=re.DOTALL)  # noqa: B023
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
