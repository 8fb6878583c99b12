"""Shot-noisy energy and full parameter-shift gradient beside the peers, at equal total shots.

    python benchmarks/shots_energy_gradient.py [--molecules lih h2o] [--shots 20000]

One core, one process. Every energy, shifted ones included, takes the same total number of shots in
all (see `sampling_peers`). A peer's full gradient takes minutes, so that a few partial derivatives
are timed and scaled to all; which is printed. Standard errors are the spread of repeated energies.
"equal error" is the ratio of the times that the energies would take at equal standard errors: the
ratio of times, times that of the squared errors.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse
import time

import numpy as np
from published import printed
from sampling_peers import PEERS

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.engine.evaluator import Evaluator
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.catalogue import build_plan
from qvopt.measurement.statistics import combine_moments
from qvopt.optimizers.protocol import Energy, Gradient
from qvopt_circuits import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian

OURS = ("fluid-basis-rotation", "basis-rotation", "fully-commuting", "qubit-wise")
REPEATS = 40


def ours(circuit, observable, hamiltonian, grouping, shots, x, full):
    """(label, energy ms, gradient ms or None, energies) of one grouping."""
    plan = build_plan(grouping, hamiltonian, observable, "jordan-wigner")
    plan = with_allocation(plan, "variance", hamiltonian=hamiltonian)
    program = SectorBackend().compile(Problem(circuit, observable, hamiltonian, plan))
    evaluator = Evaluator(program, circuit, plan, shots, seed=1)
    energy_ms = one_core.median_ms(lambda: evaluator.answer([Energy(x)], 1))
    gradient_ms = one_core.median_ms(lambda: evaluator.answer([Gradient(x)], 1)) if full else None
    rows = np.tile(allocate(plan.weights, shots), (REPEATS, 1))
    sampled = program.sample([Point(x)] * REPEATS, rows, np.random.SeedSequence(2))
    values = [combine_moments(plan, m).value for m in sampled]
    return f"qvopt {grouping} ({len(plan.groups)})", energy_ms, gradient_ms, values


def theirs(peer, circuit, observable, shots, x, partials, seconds):
    """The same of a peer, its gradient scaled from `partials` partial derivatives."""
    energy, label = peer(circuit, observable, shots)
    energy(Point(x))
    times, values = [], []
    while len(values) < 4 or (sum(times) < seconds and len(values) < REPEATS):
        start = time.perf_counter()
        values.append(energy(Point(x)))
        times.append(time.perf_counter() - start)
    start = time.perf_counter()
    for k in range(partials):
        for shift in (0.5, -0.5, 1.5, -1.5):
            energy(Point(x, ((k, shift * np.pi),)))
    each = (time.perf_counter() - start) / partials
    return label, 1e3 * float(np.median(times)), 1e3 * each * len(circuit.parametric), values


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=["h2", "lih", "h2o"])
    parser.add_argument("--shots", type=int, default=20_000)
    parser.add_argument("--partials", type=int, default=1)
    names = [peer.__name__ for peer in PEERS]
    parser.add_argument("--peers", nargs="*", choices=names, default=names)
    parser.add_argument("--seconds", type=float, default=30.0, help="for a peer's energies")
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    whole = options.molecules == parser.get_default("molecules")
    name = "shots-energy-gradient" if whole else "shots-peers"
    with printed(options.write, "benchmarks.md", name):
        show(options)


def show(options: argparse.Namespace) -> None:
    """Measure, and print the rows."""
    print(f"{options.shots:,} shots for every energy, in total; x ratio to the first row")
    print(
        f"{'molecule':9}{'engine (groups)':38}{'energy ms':>11}{'':>9}{'gradient ms':>13}{'':>9}"
        f"{'error mHa':>15}{'equal error':>13}"
    )
    for name in options.molecules:
        hamiltonian = build_hamiltonian(find_molecule(name))
        observable = qubit_hamiltonian(hamiltonian)
        circuit = UCCSD().circuit(hamiltonian)
        x = np.full(circuit.n_parameters, 0.01)
        full = circuit.n_parameters < 10
        first = None
        for entry in (*OURS, *(p for p in PEERS if p.__name__ in options.peers)):
            try:
                if isinstance(entry, str):
                    wanted = full or entry.endswith("rotation")
                    row = ours(circuit, observable, hamiltonian, entry, options.shots, x, wanted)
                else:
                    row = theirs(entry, circuit, observable, options.shots, x, options.partials,
                                 options.seconds)  # fmt: skip
            except ImportError as error:
                print(f"{name:9}{entry.__name__} is not installed ({error})")
                continue
            label, energy, gradient, values = row
            error = 1e3 * float(np.std(values, ddof=1))
            first = first or (energy, gradient, error)
            slope = "-" if gradient is None else f"{gradient:.1f}"
            slower = "" if gradient is None else f"{gradient / first[1]:.0f}x"
            equal = energy / first[0] * (error / first[2]) ** 2
            sure = error / np.sqrt(2 * (len(values) - 1))
            print(
                f"{name:9}{label:38}{energy:>11.3f}{energy / first[0]:>8.0f}x{slope:>13}{slower:>9}"
                f"{error:>8.2f} ± {sure:<4.2f}{equal:>12.0f}x",
                flush=True,
            )
        print(
            f"{name:9}peers' gradients: {options.partials} of {len(circuit.parametric)} partial "
            f"derivatives timed, scaled to all"
        )


if __name__ == "__main__":
    main()
