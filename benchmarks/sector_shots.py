"""Shot-noisy energies and gradients of the sector engine, beside a plain search for every shot.

    python benchmarks/sector_shots.py [--molecules lih h2o beh2] [--shots 2000]

One core. "plain" does the same work in NumPy: two products for the rotations of all groups, the
cumulative distributions, one binary search for every shot, moments of the values. The floor is the
multiplications of the rotations at the rate of a large product of BLAS in the same run.
"""

from __future__ import annotations

import one_core  # isort: skip

import argparse

import numpy as np

from qvopt.backends.batch import Point
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector.orbital_sampling import OrbitalSampler
from qvopt.gradients.parameter_shift import expand_gradient
from qvopt.measurement.allocation import allocate, with_allocation
from qvopt.measurement.catalogue import build_plan
from qvopt.measurement.statistics import combine_moments
from qvopt_circuits import UCCSD
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian


def plain_energy(program, sampler, point, shots, seed):
    """Mean and variance by group in plain NumPy."""
    rng = np.random.default_rng(seed)
    rotated = np.matmul(np.matmul(sampler.left, program.state(point)), sampler.right)
    cumulative = np.cumsum(np.square(rotated).reshape(len(shots), -1), axis=1)
    moments = []
    for row, values, n in zip(cumulative, sampler.values, shots.tolist(), strict=True):
        outcomes = np.searchsorted(row, rng.random(n) * row[-1], side="right")
        drawn = values[np.minimum(outcomes, len(row) - 1)]
        moments.append((drawn.mean(), drawn.var() / max(n - 1, 1)))
    return moments


def gigaflops() -> float:
    """Of a product of two matrices of 512 rows."""
    a, b = np.random.default_rng(0).normal(size=(2, 512, 512))
    return 2 * 512**3 / one_core.median_ms(lambda: a @ b) / 1e6


def measure(name: str, total: int, rate: float) -> None:
    """Print the line of a molecule."""
    hamiltonian = build_hamiltonian(find_molecule(name))
    observable = qubit_hamiltonian(hamiltonian)
    plan = build_plan("fluid-basis-rotation", hamiltonian, observable, "jordan-wigner")
    plan = with_allocation(plan, "variance", hamiltonian=hamiltonian)
    circuit = UCCSD().circuit(hamiltonian)
    program = SectorBackend(threads=1).compile(Problem(circuit, None, hamiltonian, plan))
    sampler = OrbitalSampler(plan.groups, hamiltonian)
    x = np.full(circuit.n_parameters, 0.01)
    shots, seed = allocate(plan.weights, total), np.random.SeedSequence(1)
    a, b = sampler.shape
    floor = 2e-3 * len(plan.groups) * a * b * (a + b) / rate
    point = Point(x)
    points = len(expand_gradient(circuit, x).points)
    rows = np.tile(shots, (points, 1))

    def gradient():
        expansion = expand_gradient(circuit, x)
        table = program.sample(expansion.points, rows, seed)
        return expansion.combine([combine_moments(plan, row) for row in table])

    state = one_core.median_ms(lambda: program.state(point))
    energy = one_core.median_ms(
        lambda: combine_moments(plan, program.sample([point], shots[None, :], seed)[0])
    )
    plain = one_core.median_ms(lambda: plain_energy(program, sampler, point, shots, seed))
    slope = one_core.median_ms(gradient)
    print(
        f"{name:9}{len(plan.groups):>7}{1e3 * state:>10.1f}{floor:>10.1f}{1e3 * energy:>11.1f}"
        f"{1e3 * plain:>10.1f}{plain / energy:>6.1f}x{points:>8}{slope:>13.2f}"
        f"{1e3 * slope / points:>12.1f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", nargs="+", default=["h2", "lih", "h2o", "beh2"])
    parser.add_argument("--shots", type=int, default=2000)
    options = parser.parse_args()
    rate = gigaflops()
    print(f"{options.shots:,} shots for every energy; BLAS at {rate:.0f} Gflop/s")
    print(
        f"{'molecule':9}{'groups':>7}{'state us':>10}{'floor us':>10}{'energy us':>11}"
        f"{'plain us':>10}{'ratio':>7}{'points':>8}{'gradient ms':>13}{'a point us':>12}"
    )
    for name in options.molecules:
        measure(name, options.shots, rate)


if __name__ == "__main__":
    main()
