"""Errors of small molecules on snapshots of five devices, raw and mitigated, as one table.

    python examples/noise_study/molecules_table.py [--molecules h2 …] [--devices …] [--write]

Every energy is measured at the noiseless optimum of UCCSD, so that its error is the device's alone:
raw, and with post-selection and either the reference state or Clifford data regression, at equal
shots in all. H3+ is tapered to three qubits, where nothing is left to select by. `--write` renews
the table of docs/mitigation.md.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from qvopt import make_experiment, run
from qvopt.cloud.snapshots import OVERHEAD, REP_DELAY
from qvopt.engine.assembly import assemble
from qvopt.optimizers.protocol import Energy
from qvopt_molecules.errors import InputError

SPACE = {"electrons": 2, "n_orbitals": 2}
MOLECULES = {
    "h2": {"molecule": "h2"},
    "heh+": {"molecule": "heh+"},
    "h3+": {
        "molecule": "h3+",
        "mapping": "jordan-wigner-tapered",
        "ansatz": {"name": "uccsd", "point_group": True},
    },
    "lih": {"molecule": {"name": "lih", "active_space": SPACE}},
    "h2o": {"molecule": {"name": "h2o", "active_space": SPACE}},
}
NAMES = {
    "h2": "H2", "heh+": "HeH+", "h3+": "H3+, tapered", "lih": "LiH (2, 2)", "h2o": "H2O (2, 2)",
}  # fmt: skip
DEVICES = ("fake_manila", "fake_lagos", "fake_guadalupe", "fake_hanoi", "fake_sherbrooke")
SHOTS, SEEDS = 20_000, 10
WAYS = {"raw": {}, "best": {"reference": True}, "cdr": {"cdr": True}}
DEFAULT_OUT = Path(tempfile.gettempdir()) / "qvopt-examples" / "molecules_table.json"
COMMAND = "python examples/noise_study/molecules_table.py --write"


@dataclass
class Cell:
    """A molecule on a device: mean errors and reported σ of one energy in mHa, by what is done.

    `best` is with the reference, `cdr` with Clifford data regression. `covered` counts the seeds
    whose interval of 2σ holds the noiseless energy, with the reference.
    """

    molecule: str
    device: str
    gates: int
    raw: float
    raw_sigma: float
    best: float
    best_sigma: float
    cdr: float
    cdr_sigma: float
    covered: int
    shots: int
    qpu_seconds: float


def measured(molecule, device, way, x, shots):
    """Energies over seeds, their reported variances, and two-qubit gates of the largest circuit."""
    mitigation = WAYS[way]
    data = {**MOLECULES[molecule], "backend": f"aer:{device}", "shots": shots}
    if mitigation:
        selected = {"postselect": "mapping" not in data}
        data |= {"mitigation": mitigation, "measurement": selected}
    assembly = assemble(make_experiment(data))
    answers = [assembly.evaluator.answer([Energy(x)], seed)[0] for seed in range(SEEDS)]
    _, gates = assembly.program.circuits.size.two_qubit_gates
    values, variances = (np.array([getattr(a, n) for a in answers]) for n in ("value", "variance"))
    return values, variances, gates


def cell(molecule, device):
    """One cell; None where the device has too few qubits."""
    optimum = run(make_experiment({**MOLECULES[molecule], "backend": "statevector"}))
    try:
        raw, raw_variance, gates = measured(molecule, device, "raw", optimum.x, SHOTS)
    except InputError as error:
        print(f"{molecule} on {device}: {error}", file=sys.stderr)
        return None
    best, variance, _ = measured(molecule, device, "best", optimum.x, SHOTS // 2)
    cdr, cdr_variance, _ = measured(molecule, device, "cdr", optimum.x, SHOTS // 2)
    exact = optimum.energy
    return Cell(
        molecule,
        device,
        gates,
        1e3 * float(raw.mean() - exact),
        1e3 * float(np.sqrt(raw_variance.mean())),
        1e3 * float(best.mean() - exact),
        1e3 * float(np.sqrt(variance.mean())),
        1e3 * float(cdr.mean() - exact),
        1e3 * float(np.sqrt(cdr_variance.mean())),
        int(np.sum(np.abs(best - exact) <= 2 * np.sqrt(variance))),
        SHOTS,
        OVERHEAD + REP_DELAY * SHOTS,
    )


def table(cells):
    """The cells as Markdown."""
    lines = [
        "| molecule | device | two-qubit gates | raw (mHa) | reference (mHa) | left | within 2σ | "
        "regression (mHa) | shots | QPU s |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for c in cells:
        lines.append(
            f"| {NAMES[c.molecule]} | {c.device.removeprefix('fake_')} | {c.gates} | "
            f"{c.raw:+.0f} ± {c.raw_sigma:.0f} | {c.best:+.1f} ± {c.best_sigma:.1f} | "
            f"{100 * abs(c.best / c.raw):.0f} % | {c.covered}/{SEEDS} | "
            f"{c.cdr:+.1f} ± {c.cdr_sigma:.1f} | {c.shots:,} | {c.qpu_seconds:.0f} |"
        )
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="*", default=tuple(MOLECULES))
    parser.add_argument("--devices", nargs="*", default=DEVICES)
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="cells so far, to go on with")
    parser.add_argument("--write", action="store_true", help="renew the table of the documentation")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    done = {}
    if arguments.out.is_file():
        stored = [Cell(**row) for row in json.loads(arguments.out.read_text(encoding="utf-8"))]
        done = {(c.molecule, c.device): c for c in stored}
    for molecule in arguments.molecules:
        for device in arguments.devices:
            if (molecule, device) in done:
                continue
            made = cell(molecule, device)
            if made is not None:
                done[molecule, device] = made
                rows = json.dumps([asdict(c) for c in done.values()], indent=1)
                arguments.out.write_text(rows + "\n", encoding="utf-8")
                print(made, flush=True)
    order = {(m, d): k for k, (m, d) in enumerate((m, d) for m in MOLECULES for d in DEVICES)}
    shown = table(sorted(done.values(), key=lambda c: order[c.molecule, c.device]))
    print(shown)
    if arguments.write:
        sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
        from published import renew

        renew("mitigation.md", "molecules", shown, COMMAND)


if __name__ == "__main__":
    main()
