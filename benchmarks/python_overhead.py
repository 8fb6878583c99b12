"""What surrounds the simulation: seconds of one core for whole runs, bytes of their journals.

    python benchmarks/python_overhead.py [--only start steps icans adapt resume report shots …]

start     short commands, from process to result: `qvopt run h2o` with its picture, and others
steps     a step of Adam and of SPSA on H2 with 1,000 shots: driver, engine and journal
icans     150 steps of iCANS on LiH with 2,000 shots
adapt     ADAPT-VQE on the chain of six hydrogen atoms, exact; what its journal consists of
resume    a run of 10,000 steps, replayed
report    the report of 510 runs, made up
shots     an energy of LiH from 2,000 shots on state-vector backends
noise     an energy under noise, by density matrices and by Aer's own methods
forecast  seconds that a large sector's gradient is said to take, and takes

Times are of the processor and not of the wall, so that a busy machine matters less; where others
share its caches, they still grow. The least of several is given where there are several. Python
writes its byte code as it does by default, and as an installed package has it.
"""

from __future__ import annotations

import one_core  # isort: skip  # noqa: F401

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from published import printed
from report_scale import made_up

import qvopt
from qvopt.backends.aer import AerBackend
from qvopt.comparison.report import write_report
from qvopt.comparison.summarize import summarize
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy
from qvopt.records.codec import decode_array


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
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    program = [sys.executable, "-c", "from qvopt.cli import main; main()"]
    for command in (
        "run h2o -q",
        "run h2 -q",
        "run h2 -q --shots 1000",
        "list molecules",
        "--help",
    ):
        times = []
        for k in range(8):
            out = ["--out", str(folder / f"start-{k}")] if command.startswith("run") else []
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            arguments = [*program, *command.split(), *out]
            subprocess.run(arguments, check=True, capture_output=True, env=environment)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            times += [spent] if k else []  # the first one warms the caches
            shutil.rmtree(folder / f"start-{k}", ignore_errors=True)
        print(f"{command}: least {min(times):.2f} s, median {np.median(times):.2f} s")


def steps(folder: Path) -> None:
    for optimizer in ("adam", "spsa"):
        qvopt.run("h2", optimizer=optimizer, shots=1000, max_steps=5)
        times = []
        for k in range(5):

            def work(optimizer: str = optimizer, out: Path = folder / f"{optimizer}-{k}") -> object:
                return qvopt.run("h2", optimizer=optimizer, shots=1000, max_steps=1000, out=out)

            times.append(seconds(work))
        size = (folder / f"{optimizer}-0" / "journal.jsonl").stat().st_size
        print(
            f"H2, 1,000 shots, {optimizer}: least {min(times):.2f} ms a step, begin and end of the "
            f"run included; {size / 1e3:.0f} bytes of journal a step"
        )


def icans(folder: Path) -> None:
    qvopt.run("lih", optimizer="icans", shots=2000, max_steps=2)
    times = []
    for k in range(3):

        def work(out: Path = folder / f"icans-{k}") -> object:
            return qvopt.run("lih", optimizer="icans", shots=2000, max_steps=150, out=out)

        times.append(seconds(work))
    print(f"LiH, 2,000 shots, 150 steps of icans: least {min(times):.2f} s")


def adapt(folder: Path) -> None:
    qvopt.run("h4-chain", ansatz="adapt", max_steps=2)
    for optimizer in ("recycled-bfgs", "l-bfgs"):
        took = []
        for k in range(2):
            out = folder / f"{optimizer}-{k}"
            grow = partial(qvopt.run, "h6-chain", ansatz="adapt", optimizer=optimizer, out=out)
            took.append(seconds(grow))
        journal = out / "journal.jsonl"
        events = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
        rounds = [event for event in events if event["type"] == "round"]
        arrays = [query["x"] for e in rounds for query in e["queries"] if "x" in query]
        arrays += [answer["value"] for e in rounds for answer in e["answers"]]
        numbers = sum(decode_array(a).size for a in arrays)
        print(
            f"ADAPT-VQE on H6, {optimizer}: least {min(took):.1f} s for {len(rounds):,} rounds, "
            f"journal of {journal.stat().st_size / 1e6:.1f} MB; its {numbers:,} numbers are "
            f"{8e-6 * numbers:.1f} MB of float64"
        )


def report(folder: Path) -> None:
    outcomes = made_up(3, 17, 10, 300)
    write_report(folder / "report-0", outcomes, summarize(outcomes), {})  # imports matplotlib

    def work() -> object:
        return write_report(folder / "report-1", outcomes, summarize(outcomes), {})

    print(f"report of {len(outcomes)} runs, 11 pictures as SVG and PDF: {seconds(work):.1f} s")


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
    times: dict[tuple[str, str], float] = {}
    for ansatz in ("hardware-efficient", "uccsd"):
        for backend in ("statevector", "lightning", "aer"):
            data = {"molecule": "lih", "ansatz": ansatz, "backend": backend}
            took = each(energy_of(data | {"measurement": {"shots": 2000}}))
            times[ansatz, backend] = took
            print(f"LiH, {ansatz}, {backend}: {took:.2f} ms an energy of 2,000 shots")
    ratio = times["uccsd", "aer"] / times["uccsd", "lightning"]
    print(f"LiH, uccsd: aer takes {ratio:.1f} times what lightning takes")


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


PARTS = {
    part.__name__: part
    for part in (start, steps, icans, adapt, resume, report, shots, noise, forecast)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS))
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        printed(arguments.write, "benchmarks.md", "python-overhead"),
    ):
        for name in arguments.only:
            PARTS[name](Path(folder))


if __name__ == "__main__":
    main()
