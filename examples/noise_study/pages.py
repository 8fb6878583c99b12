"""The tables and the picture of docs/mitigation.md, from the rows of the noise study."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "benchmarks"))

from published import DOCS, renew  # noqa: E402

COMMAND = "python examples/noise_study/noise_study.py"
NAMES = {"h2": "H2", "heh+": "HeH+"}
PICTURE = """![Errors by mitigation](images/noise-study.png)

*H2 and HeH+ on recorded devices, raw and mitigated ([text](mitigation.md)).*
"""
SNAPSHOTS = [(m, d) for m in ("h2", "heh+") for d in ("fake_manila", "fake_lagos")]
SINGLE = ("raw", "post-selection", "readout", "readout (M3)", "ZNE", "readout + post-selection",
          "readout + ZNE", "all three")  # fmt: skip
REFERENCE = [
    ("h2", f"fake_{name}") for name in ("manila", "lagos", "guadalupe", "hanoi", "sherbrooke")
]
REFERENCED = ("raw", "post-selection", "all three", "reference", "reference + post-selection",
              "reference + readout + post-selection")  # fmt: skip


def error(row):
    """The mean error in mHa, with a sign."""
    return f"{row.error:+.0f}" if abs(row.error) >= 9.95 else f"{row.error:+.1f}"


def table(rows, cases, ways, cell):
    """A row for each way, a column for each molecule and device."""
    by_case = {(r.molecule, r.device, r.way): r for r in rows}
    heads = [f"{NAMES[m]}, {d.removeprefix('fake_')}" for m, d in cases]
    lines = ["| mitigation | " + " | ".join(heads) + " |", "|---|" + "--:|" * len(cases)]
    for way in ways:
        lines.append(f"| {way} | " + " | ".join(cell(by_case[*c, way]) for c in cases) + " |")
    return "\n".join(lines) + "\n"


def snapshots_table(rows):
    """Errors of H2 and HeH+ on two devices, with the reported σ of one energy."""
    return table(rows, SNAPSHOTS, SINGLE, lambda r: f"{error(r)} ± {r.reported:.0f}")


def reference_table(rows):
    """Errors of H2 on five devices, with and without the reference state."""
    return table(rows, REFERENCE, REFERENCED, error)


def write(rows, draw):
    """Renew what the rows suffice for: the table of five devices, that of two with its picture."""
    measured = {(r.molecule, r.device) for r in rows}
    if set(SNAPSHOTS) <= measured:
        command = f"{COMMAND} --devices aer:fake_manila aer:fake_lagos --write"
        renew("mitigation.md", "snapshots", snapshots_table(rows), command)
        draw([r for r in rows if (r.molecule, r.device) in SNAPSHOTS],
             DOCS / "images" / "noise-study.png")  # fmt: skip
        renew("gallery.md", "noise-study", PICTURE, command)
    if set(REFERENCE) <= measured:
        command = f"{COMMAND} --molecules h2 --write"
        renew("mitigation.md", "reference-state", reference_table(rows), command)
