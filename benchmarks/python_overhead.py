"""What surrounds the simulation: seconds of one core for whole runs, bytes of their journals.

    python benchmarks/python_overhead.py [--only start steps adapt resume shots noise forecast]

start     `qvopt run h2o` from process to result, picture included
steps     a step of Adam and of SPSA on H2 with 1,000 shots: driver, engine and journal
adapt     ADAPT-VQE on the chain of six hydrogen atoms, exact
resume    a run of 10,000 steps, replayed
shots     an energy of LiH from 2,000 shots on state-vector backends
noise     an energy under noise, by density matrices and by Aer's own methods
forecast  seconds that a large sector's gradient is said to take, and takes

Times are of the processor and not of the wall, so that a busy machine matters less.
"""

from __future__ import annotations

import one_core  # isort: skip  # noqa: F401

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import qvopt
from qvopt.backends.aer import AerBackend
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy


def seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor that a call takes."""
    start = time.process_time()
    work()
    return time.process_time() - start


def each(work: Callable[[int], object], limit: float = 2.0) -> float:
    """The least time of one call in milliseconds, of as many as fit into `limit` seconds."""
    work(0)
    times: list[float] = []
    while not times or (sum(times) < limit and len(times) < 300):
        times.append(seconds(lambda: work(len(times) + 1)))
    return 1e3 * min(times)


def start(folder: Path) -> None:
    times = []
    for k in range(6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        program = [sys.executable, "-c", "from qvopt.cli import main; main()"]
        arguments = ["run", "h2o", "-q", "--out", str(folder / f"start-{k}")]
        subprocess.run([*program, *arguments], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        times += [spent] if k else []  # the first one warms the caches
    print(f"qvopt run h2o: least {min(times):.2f} s, median {np.median(times):.2f} s")


def steps(folder: Path) -> None:
    for optimizer in ("adam", "spsa"):
        qvopt.run("h2", optimizer=optimizer, shots=1000, max_steps=5)
        out = folder / f"steps-{optimizer}"

        def work(optimizer: str = optimizer, out: Path = out) -> object:
            return qvopt.run("h2", optimizer=optimizer, shots=1000, max_steps=1000, out=out)

        print(f"H2, 1,000 shots, {optimizer}: {seconds(work):.2f} ms a step")


def adapt(folder: Path) -> None:
    qvopt.run("h4-chain", ansatz="adapt", max_steps=2)
    out = folder / "adapt"
    took = seconds(lambda: qvopt.run("h6-chain", ansatz="adapt", out=out))
    size = (out / "journal.jsonl").stat().st_size
    print(f"ADAPT-VQE on H6: {took:.1f} s, journal of {size / 1e6:.1f} MB")


def resume(folder: Path) -> None:
    out = folder / "resume"
    qvopt.run("h2", optimizer="adam", shots=400, max_steps=10_000, out=out)
    (out / "result.json").unlink()

    def replay() -> None:
        with qvopt.Session.resume(out, max_steps=10_001) as session:
            for _ in session:
                pass

    print(f"resume of 10,000 steps: {seconds(replay):.2f} s")


def energy_of(data: dict[str, object], method: str | None = None) -> Callable[[int], object]:
    """What answers the k-th energy of an experiment; on aer by another method if asked."""
    assembly = assemble(make_experiment(data))
    evaluator = assembly.evaluator
    if method is not None:
        backend = assembly.program
        problem, model = backend.problem, backend._noise_model
        program = AerBackend(noise_model=model, method=method).compile(problem)
        program._draws_exactly = method == "density matrices"
        from dataclasses import replace

        evaluator = replace(evaluator, program=program)
    x = np.full(assembly.circuit.n_parameters, 0.05)
    return lambda k: evaluator.answer([Energy(x + 1e-3 * k)], k)


def shots(folder: Path) -> None:
    for ansatz in ("hardware-efficient", "uccsd"):
        for backend in ("statevector", "lightning", "aer"):
            data = {"molecule": "lih", "ansatz": ansatz, "backend": backend}
            took = each(energy_of(data | {"measurement": {"shots": 2000}}))
            print(f"LiH, {ansatz}, {backend}: {took:.2f} ms an energy of 2,000 shots")


def noise(folder: Path) -> None:
    small = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}
    for molecule, ansatz in (("h2", "uccsd"), (small, "uccsd"), ("h4-chain", "hardware-efficient")):
        backend = {"name": "aer", "noise": {"one_qubit": 1e-3, "two_qubit": 1e-2, "readout": 0.02}}
        data = {"molecule": molecule, "ansatz": ansatz, "backend": backend}
        data |= {"measurement": {"shots": 4000}}
        row = {"ours": each(energy_of(data))}
        for method in ("density_matrix", "statevector"):
            row[f"Aer {method}"] = each(energy_of(data, method))
        cells = ", ".join(f"{name} {took:.1f} ms" for name, took in row.items())
        print(f"noisy energy, {molecule if isinstance(molecule, str) else 'lih (2, 3)'}: {cells}")


def forecast(folder: Path) -> None:
    chain = "; ".join(f"H 0 0 {k}" for k in range(12))
    for name, molecule in (("H12", chain),):
        assembly = assemble(make_experiment({"molecule": molecule}))
        program = assembly.program
        said = getattr(program, "forecast", None)
        x = np.full(assembly.circuit.n_parameters, 0.01)
        took = each(lambda k, program=program, x=x: program.gradient(x + 1e-3 * k))
        print(f"{name}: {said or 'no forecast, a small sector'}; a gradient took {took:.1f} ms")


PARTS = {f.__name__: f for f in (start, steps, adapt, resume, shots, noise, forecast)}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    with tempfile.TemporaryDirectory() as folder:
        for name in parser.parse_args().only:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
