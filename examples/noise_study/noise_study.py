"""What mitigation does to the energies of H2 and HeH+ on snapshots of five devices.

    python examples/noise_study/noise_study.py [--seeds 5] [--shots 20000] [--out FOLDER]

Each energy is measured at the noiseless optimum of UCCSD, so that its error is the device's alone.
Writes noise_study.md, noise_study.json and noise_study.png, into the temporary folder by default;
with `--write` also the tables and the picture of docs/mitigation.md that were measured.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pages import write

from qvopt import make_experiment, run
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy

MOLECULES = ("h2", "heh+")
DEVICES = (
    "aer:fake_manila",
    "aer:fake_lagos",
    "aer:fake_guadalupe",
    "aer:fake_hanoi",
    "aer:fake_sherbrooke",
)
ZNE = {"scales": [1, 3], "fit": "linear", "folding": "all"}
DEFAULT_OUT = Path(tempfile.gettempdir()) / "qvopt-examples"
WAYS = {
    "raw": {},
    "post-selection": {"postselect": True},
    "readout": {"readout": True},
    "readout (M3)": {"readout": "m3"},
    "ZNE": {"zne": ZNE},
    "readout + post-selection": {"postselect": True, "readout": True},
    "readout + ZNE": {"readout": True, "zne": ZNE},
    "all three": {"postselect": True, "readout": True, "zne": ZNE},
    "reference": {"reference": True},
    "reference + post-selection": {"postselect": True, "reference": True},
    "reference + readout + post-selection": {
        "postselect": True,
        "readout": True,
        "reference": True,
    },
    "reference and all three": {"postselect": True, "readout": True, "zne": ZNE, "reference": True},
}


@dataclass
class Row:
    """Errors in mHa over seeds: mean, standard error as estimated, and as it really scattered."""

    molecule: str
    device: str
    way: str
    error: float
    reported: float
    scatter: float
    shots: int
    extra: int


def measure(molecule, device, way, x, exact, seeds, shots):
    spec = dict(WAYS[way])
    postselect = spec.pop("postselect", False)
    assembly = assemble(
        make_experiment(
            {
                "molecule": molecule,
                "backend": device,
                "shots": shots,
                "measurement": {"postselect": postselect},
                "mitigation": spec,
            }
        )
    )
    evaluator = assembly.evaluator
    found = [evaluator.answer([Energy(x)], seed)[0] for seed in range(seeds)]
    errors = 1e3 * (np.array([f.value for f in found]) - exact)
    costs = evaluator.prepare([Energy(x)]).costs
    spent = {purpose: cost.shots for purpose, cost in costs.items()}
    return Row(
        molecule,
        device.partition(":")[2],
        way,
        float(errors.mean()),
        float(1e3 * np.sqrt(np.mean([f.variance for f in found]))),
        float(errors.std(ddof=1)),
        spent["energy"],
        sum(spent.values()) - spent["energy"],
    )


def table(rows):
    lines = [
        "| molecule | device | mitigation | error (mHa) | reported σ | scatter | shots | "
        "calibrations and references |",
        "|---|---|---|--:|--:|--:|--:|--:|",
    ]
    for r in rows:
        lines.append(
            f"| {r.molecule} | {r.device} | {r.way} | {r.error:+.1f} | {r.reported:.1f} | "
            f"{r.scatter:.1f} | {r.shots:,} | {r.extra:,} |"
        )
    return "\n".join(lines) + "\n"


def draw(rows, path):
    from matplotlib.figure import Figure

    cases = sorted({(r.molecule, r.device) for r in rows}, key=lambda c: (c[1], c[0]))
    figure = Figure(figsize=(10, 2.0 + 2.1 * ((len(cases) + 1) // 2)), layout="constrained")
    axes = figure.subplots((len(cases) + 1) // 2, 2, sharey=True, squeeze=False).reshape(-1)
    names = list(WAYS)
    for ax, (molecule, device) in zip(axes, cases, strict=False):
        mine = {r.way: r for r in rows if (r.molecule, r.device) == (molecule, device)}
        for k, name in enumerate(names):
            row = mine[name]
            ax.barh(k, row.error, color="0.6" if name == "raw" else "C0", height=0.7)
            ax.errorbar(row.error, k, xerr=row.reported, color="k", capsize=3, lw=1)
            ax.annotate(
                f"{row.error:+.0f}",
                (max(row.error, 0) + row.reported, k),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
        ax.axvline(0, color="k", lw=0.8)
        ax.axvspan(-1.6, 1.6, color="C2", alpha=0.3, lw=0)
        ax.set_title(f"{molecule} on {device}", fontsize=10)
        ax.set_yticks(range(len(names)), names, fontsize=8)
        ax.margins(x=0.18)
        ax.grid(axis="x", alpha=0.3)
    axes[0].invert_yaxis()
    figure.supxlabel("error of the energy (mHa); bars: reported σ of one energy", fontsize=10)
    figure.savefig(path, dpi=150)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--shots", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT)
    parser.add_argument("--molecules", nargs="*", default=MOLECULES)
    parser.add_argument("--devices", nargs="*", default=DEVICES)
    parser.add_argument("--write", action="store_true", help="renew docs/mitigation.md")
    arguments = parser.parse_args()
    rows = []
    for molecule in arguments.molecules:
        best = run(molecule)
        for device in arguments.devices:
            for way in WAYS:
                row = measure(
                    molecule, device, way, best.x, best.energy, arguments.seeds, arguments.shots
                )
                rows.append(row)
                print(f"{molecule:5} {row.device:12} {way:26} {row.error:+8.1f} mHa", flush=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    (arguments.out / "noise_study.md").write_text(table(rows), encoding="utf-8")
    document = json.dumps([vars(r) for r in rows], indent=1)
    (arguments.out / "noise_study.json").write_text(document + "\n", encoding="utf-8")
    draw(rows, arguments.out / "noise_study.png")
    print(table(rows))
    if arguments.write:
        write(rows, draw)


if __name__ == "__main__":
    main()
