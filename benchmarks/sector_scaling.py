"""Cost of the sector engine against size: chains of hydrogen, UCCSD, half filling.

    python benchmarks/sector_scaling.py [--orbitals 8 10 12] [--repeats 3] [--peers]

A chain of n hydrogen atoms in STO-3G is CAS(n, n): 2n qubits. For each size the engine of large
sectors gives an energy and its full gradient on one core and on two, and the product Hψ stands
beside PySCF's `contract_2e`, both on one core and on a random vector. The memory's pace is measured
in the same run by a triad a = b + s c (J. D. McCalpin's STREAM), the arithmetic's by a product of
dense matrices of 768 rows: "of dgemm" is the pace of Hψ's multiplications and additions beside it.
CPU time is what other work on the machine disturbs least; the wall clock of two cores needs an idle
machine. "moved" is what gates carry through memory, "rotated" what they would carry one by one, as
shares of the triad. `--peers` adds TenCirChem and PennyLane's lightning on the same circuits where
they take minutes, not hours.
"""

from __future__ import annotations

import one_thread_blas  # noqa: F401  # isort: skip

import argparse
import resource
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit
from published import printed

import qvopt.backends.sector.choice as sector_choice
from qvopt.backends.lightning import LightningBackend
from qvopt.backends.protocol import Problem
from qvopt.backends.sector import SectorBackend
from qvopt.backends.sector.lanes import WIDTH, fma, load, splat, store
from qvopt.backends.sector.runs import BlockRun, LineRun
from qvopt.backends.sector.workers import Workers
from qvopt_circuits import UCCSD
from qvopt_molecules.geometry import Atom
from qvopt_molecules.hamiltonian import MolecularHamiltonian
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mappings import qubit_hamiltonian
from qvopt_molecules.molecule import Molecule

PEERS_UP_TO = {"tencirchem": 10, "lightning": 6}


def chain(n: int) -> MolecularHamiltonian:
    """H_n with 1 Å between neighbours."""
    atoms = tuple(Atom("H", (0.0, 0.0, float(k))) for k in range(n))
    return build_hamiltonian(Molecule(f"h{n}", atoms))


def best(work: Callable[[], Any], repeats: int, clock: Callable[[], float]) -> float:
    """Least seconds of several calls, after one apart."""
    work()
    times = []
    for _ in range(repeats):
        start = clock()
        work()
        times.append(clock() - start)
    return min(times)


@njit(nogil=True)
def triad(a, b, c, scale, block, first, last):  # type: ignore[no-untyped-def]
    """a = b + scale c, by blocks."""
    s = splat(scale)
    for k in range(first * block, last * block, WIDTH):
        store(a, k, fma(s, load(c, k), load(b, k)))


def triad_bandwidth(threads: int, clock: Callable[[], float]) -> float:
    """Bytes a second of three streams."""
    block, blocks = 1 << 16, 320
    a, b, c = np.zeros((3, block * blocks))
    workers = Workers(threads)
    seconds = best(lambda: workers.run(triad, blocks, a, b, c, 3.0, block), 5, clock)
    return 24.0 * block * blocks / seconds


def traffic(engine: Any) -> tuple[float, float]:
    """Bytes of the states that the gates of a gradient carry through memory, and that they rotate.

    A run loads and stores its amplitudes once forth, and twice (ψ and λ) back; a gate on its own
    would load and store every amplitude that it rotates.
    """
    moved = rotated = 0.0
    for run in engine.runs:
        of_gates = 32.0 * float(engine.rotated[run.gates].sum())
        rotated += of_gates
        if isinstance(run, LineRun):
            moved += 16.0 * engine.size
        elif isinstance(run, BlockRun):
            moved += 16.0 * float(run.tiles(1).copied.sum())
        else:
            moved += of_gates
    return 3 * moved, 3 * rotated


def operations(engine: Any, norb: int, n: int) -> float:
    """Multiplications of a gradient: 12 a rotated pair, and the product's."""
    pairs = float(engine.rotated.sum())
    single, double = n * (norb - n), (n * (n - 1) // 2) * ((norb - n) * (norb - n - 1) // 2)
    both = norb * (norb - 1) // 2 * (single + 1) + single + n
    return 12.0 * pairs + engine.size * (both + 2 * (1 + single + double))


def product_flops(engine: Any) -> float:
    """Multiplications and additions of Hψ: two of every nonzero that it takes into account."""
    h = engine.hamiltonian
    n_rows, n_columns = h.shape
    order, _, _, _, _, link_block, _, _, _, groups, has_mean, _, entries, *_ = h._both
    links = np.diff(link_block, axis=1).sum(axis=0)
    pairs = np.bincount(groups[:, 0], weights=groups[:, 2], minlength=len(has_mean))
    dense = n_columns * float((links + len(order) * has_mean) @ pairs)
    on_rows = n_columns * float(links @ has_mean)
    sparse = n_rows * len(h._beta[2]) + n_columns * len(h._alpha[2])
    return 2.0 * (dense + on_rows + sparse + n_rows * len(entries))


def dgemm_flops() -> float:
    """Multiplications and additions a second of a dense product on one core."""
    a, b = np.random.default_rng(0).normal(size=(2, 768, 768))
    return 2 * 768**3 / best(lambda: a @ b, 8, time.process_time)


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Slope of log cost against log size."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def pyscf_product(h: MolecularHamiltonian, shape: tuple[int, int], repeats: int) -> float:
    """CPU seconds of one contract_2e on one core."""
    from pyscf import fci, lib

    lib.num_threads(1)
    electrons = (h.n_alpha, h.n_beta)
    absorbed = fci.direct_spin1.absorb_h1e(h.one_body, h.two_body, h.norb, electrons, 0.5)
    links = tuple(fci.cistring.gen_linkstr_index_trilidx(range(h.norb), n) for n in electrons)
    c = np.random.default_rng(0).normal(size=shape)
    return best(
        lambda: fci.direct_spin1.contract_2e(absorbed, c, h.norb, electrons, links),
        repeats,
        time.process_time,
    )


def peers(n: int, h: MolecularHamiltonian, ours: float) -> None:
    """Print the gradients of those that are installed."""
    if n <= PEERS_UP_TO["lightning"]:
        circuit = UCCSD().circuit(h)
        program = LightningBackend().compile(Problem(circuit, qubit_hamiltonian(h), h))
        x = np.full(circuit.n_parameters, 0.01)
        seconds = best(lambda: program.gradient(x), 1, time.process_time)
        print(f"   PennyLane lightning adjoint  {seconds:10.3f} s {seconds / ours:9.0f}x")
    if n <= PEERS_UP_TO["tencirchem"]:
        try:
            from pyscf import gto
            from tencirchem import UCCSD as Peer
            from tencirchem import set_backend
        except ImportError:
            return
        set_backend("numpy")
        mol = gto.M(atom=[("H", (0, 0, k)) for k in range(n)], basis="sto-3g", verbose=0)
        peer = Peer(mol, pick_ex2=False, sort_ex2=False, engine="civector", run_ccsd=False,
                    run_fci=False)  # fmt: skip
        peer.param_ids = list(range(len(peer.ex_ops)))
        x = np.full(len(peer.ex_ops), 0.01)
        seconds = best(lambda: peer.energy_and_grad(x), 1, time.process_time)
        print(f"   TenCirChem civector numpy    {seconds:10.3f} s {seconds / ours:9.0f}x")


def measure(
    n: int, repeats: int, pace: float, dgemm: float, others: bool
) -> tuple[float, float, float, float]:
    """Print a row; return determinants, seconds of a gradient and of Hψ, and operations."""
    h = chain(n)
    circuit = UCCSD().circuit(h)
    problem = Problem(circuit, qubit_hamiltonian(h), h)
    program = SectorBackend(threads=1).compile(problem)
    double = SectorBackend(threads=2).compile(problem)
    engine: Any = program._large
    x = np.random.default_rng(0).normal(size=circuit.n_parameters) * 0.05
    forecast: Any = program.forecast
    one = best(lambda: program.gradient(x), repeats, time.process_time)
    z, out = np.random.default_rng(1).normal(size=engine.size), np.empty(engine.size)
    product = best(lambda: engine.energy(z, out), repeats, time.process_time)
    two = best(lambda: double.gradient(x), repeats, time.perf_counter)
    both = best(lambda: double.gradient(x), repeats, time.process_time)
    assert np.array_equal(program.gradient(x)[1], double.gradient(x)[1])
    theirs = pyscf_product(h, engine.tables.shape, repeats)
    moved, rotated = traffic(engine)
    gates = one - product
    print(
        f"{2 * n:>6} {engine.size:>12,} {circuit.n_parameters:>6} {1024 * forecast.gib:>6.0f} MiB "
        f"{forecast.seconds:>8.3g} {one:>8.3f} {both:>8.3f} {two:>8.3f} {product:>8.4f} "
        f"{theirs:>8.4f} {theirs / product:>5.1f}x "
        f"{product_flops(engine) / product / dgemm:>8.0%} {moved / gates / pace:>6.0%} "
        f"{rotated / gates / pace:>7.0%}",
        flush=True,
    )
    if others:
        peers(n, h, one)
    return float(engine.size), one, product, operations(engine, n, n // 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orbitals", nargs="+", type=int, default=[8, 10, 12])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    options = parser.parse_args()
    name = "largest-sector" if options.orbitals == [14] else "sector-scaling"
    with printed(options.write, "benchmarks.md", name):
        show(options)


def show(options: argparse.Namespace) -> None:
    """Measure, and print the rows."""
    # The engine of large sectors at every size.
    sector_choice.MOST_PAIRS = sector_choice.MOST_ELEMENTS = -1
    pace = {1: triad_bandwidth(1, time.process_time), 2: triad_bandwidth(2, time.perf_counter)}
    dgemm = dgemm_flops()
    print(
        f"triad: {pace[1] / 1e9:.1f} GB/s on one core, {pace[2] / 1e9:.1f} GB/s on two; "
        f"dgemm: {dgemm / 1e9:.1f} Gflop/s on one core"
    )
    print("seconds: forecast, one core and two (CPU time), two (wall clock), and of the product")
    print(
        f"{'qubits':>6} {'determinants':>12} {'params':>6} {'memory':>10} {'forecast':>8} "
        f"{'1 core':>8} {'2, CPU':>8} {'2, wall':>8} {'Hψ':>8} {'PySCF':>8} {'ratio':>6} "
        f"{'of dgemm':>8} {'moved':>6} {'rotated':>7}"
    )
    rows = [measure(n, options.repeats, pace[1], dgemm, options.peers) for n in options.orbitals]
    # Below, Python's calls take the time.
    rows = [row for row in rows if row[0] > 1000]
    if len(rows) > 1:
        sizes, times, products, counts = (list(column) for column in zip(*rows, strict=True))
        print(
            f"gradient ~ determinants^{exponent(sizes, times):.2f} (operations "
            f"^{exponent(sizes, counts):.2f}), Hψ ~ determinants^{exponent(sizes, products):.2f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory of this process, libraries and peers included: {peak:.2f} GiB")


if __name__ == "__main__":
    main()
