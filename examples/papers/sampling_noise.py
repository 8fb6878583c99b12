"""Classical optimizers under sampling noise (arXiv:2505.22398, 2510.08727): the table of medians.

Runs `sampling_noise.toml` and prints the median of the true error at the end of every optimizer, by
molecule and by shots of an energy, best on H2 first. What has run in the folder is not run again.
Tens of minutes.

    python examples/papers/sampling_noise.py [--out sampling-noise]
    python examples/papers/sampling_noise.py --write    # the table of docs/papers.md
"""

import argparse
from pathlib import Path

from pages import renew, this_command

from qvopt import compare

FILE = Path(__file__).resolve().with_suffix(".toml")
COLUMNS = [("h2", 100), ("h2", 1000), ("h4-chain", 100), ("h4-chain", 1000)]
NAMES = {
    "icans": "iCANS", "noise-aware-l-bfgs": "noise-aware L-BFGS",
    "gradient-descent": "gradient descent", "spsa": "SPSA", "bfgs": "BFGS",
    "nelder-mead": "Nelder-Mead", "cma-es": "CMA-ES", "cobyla": "COBYLA", "powell": "Powell",
    "slsqp": "SLSQP",
}  # fmt: skip


def number(value: float) -> str:
    """As precise as a median of ten seeds deserves."""
    return (
        f"{value:.0f}" if value >= 99.95 else f"{value:.1f}" if value >= 9.995 else f"{value:.2g}"
    )


def table(medians: dict[tuple[str, str], float]) -> str:
    """Errors in mHa by (problem, "optimizer @shots")."""
    lines = [
        "| optimizer | H2, 100 shots an energy | H2, 1,000 | H4, 100 | H4, 1,000 |",
        "|---|--:|--:|--:|--:|",
    ]
    for name, heading in NAMES.items():
        cells = [number(1e3 * medians[problem, f"{name} @{shots}"]) for problem, shots in COLUMNS]
        lines.append(f"| {heading} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("sampling-noise"))
    parser.add_argument("--write", action="store_true", help="renew docs/papers.md")
    arguments = parser.parse_args()
    result = compare(FILE, out=arguments.out)
    made = table({(row.problem, row.optimizer): row.error for row in result.summary.at_end})
    print(made)
    if arguments.write:
        renew("papers.md", "sampling-noise", made, this_command())


if __name__ == "__main__":
    main()
