"""`qvopt scan`: potential-energy curves."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from qvopt.experiment.specification import make_experiment
from qvopt.measurement.estimate import Estimate
from qvopt.runs.wording import Wording, wording_of
from qvopt.tasks.scan import Scan, default_folder
from qvopt.tasks.scan_picture import draw_scan
from qvopt.tasks.scan_result import ScanPoint
from qvopt_molecules.errors import InputError

from .ending import REQUEUE, Terminated, terminable
from .output import print_json, print_table
from .spending import terminal


def scanned_parameter(over: str | None, rest: Sequence[str]) -> tuple[str, str]:
    """Return (name, "start:stop:number") from --scan NAME=… or an option of any other name."""
    parameters = [over] if over is not None else []
    words = list(rest)
    while words:
        word = words.pop(0)
        if not word.startswith("--"):
            raise InputError(f"unexpected argument '{word[:40]}'; a scan takes one molecule")
        name, equals, value = word[2:].partition("=")
        if not equals:
            value = words.pop(0) if words else ""
        if ":" not in value:
            raise InputError(
                f"unknown option --{name[:30]}; a scanned parameter is --{name[:30]} "
                f"START:STOP:NUMBER, a fixed one --set {name[:30]}=VALUE"
            )
        parameters.append(f"{name}={value}")
    if len(parameters) != 1:
        which = "none" if not parameters else " and ".join(f.partition("=")[0] for f in parameters)
        raise InputError(
            f"a scan needs one parameter, such as --bond 0.4:3.0:30, or the folder of a scan to go "
            f"on with; {which} {'is' if len(parameters) < 2 else 'are'} given"
        )
    name, equals, value = parameters[0].partition("=")
    if not (name and equals):
        raise InputError(f"--scan takes NAME=START:STOP:NUMBER, got '{parameters[0][:40]}'")
    return name, value


def open_scan(
    folder: Path | None,
    data: Mapping[str, Any] | None = None,
    name: str = "",
    values: str = "",
    warm: bool = True,
    out: Path | None = None,
) -> Scan:
    """Return the scan of a folder, or a new one (or the same one again) from its plain data."""
    if folder is not None:
        work = Scan.open(folder)
        if folder.is_dir() and out in (None, folder):
            return work
        path = default_folder(work) if out is None else out
        return Scan(work.experiment, work.parameter, work.values, warm=work.warm, folder=path)
    assert data is not None
    # Names with hyphens, as options have, mean parameters with underscores.
    experiment = make_experiment(data)
    work = Scan(experiment, name.replace("-", "_"), values, warm=warm)
    path = default_folder(work) if out is None else out
    return Scan(experiment, work.parameter, work.values, warm=warm, folder=path)


def scan_command(
    work: Scan, picture: Path | None, as_json: bool, quiet: bool, yes: bool = False
) -> int:
    """Run what is missing of a scan, and report; return the exit code.

    A new one on hardware is asked for first.
    """
    work.approve(terminal(yes=yes, quiet=quiet, question="submit them?"))
    code = 0
    with terminable():
        try:
            for point, step in work.steps():
                if point is not None and not quiet:
                    print(_line(work, point), file=sys.stderr, flush=True)
                elif step is not None and not quiet and sys.stderr.isatty():
                    print(f"\r\x1b[2K  step {step.number}", end="\r", file=sys.stderr)
        except KeyboardInterrupt:
            code = 130
        except Terminated:
            code = REQUEUE
    result = work.result()
    assert work.folder is not None
    if result.points:
        draw_scan(result, work.folder / "scan.png")
        if picture is not None:
            draw_scan(result, picture)
    if as_json:
        print_json(result.document())
    else:
        noiseless = any(p.stderr and p.exact is not None for p in result.points)
        print_table([_row(work, p) for p in result.points])
        print(_explained(result.words, noiseless))
        for line in result.note_lines():
            print(line)
        without = sum(p.ccsd is None for p in result.points)
        if without and any(p.ccsd is not None for p in result.points):
            print(f"CCSD does not converge at {without} of {len(result.points)} points")
        print(f"scan     {work.folder}")
        print(f"picture  {work.folder / 'scan.png'}")
    if code:
        print(f"interrupted; `qvopt scan {work.folder}` continues", file=sys.stderr)
    return code or (1 if any(p.status == "diverged" for p in result.points) else 0)


def _shown(point: ScanPoint) -> str:
    if point.energy is None:
        return "-"
    return str(Estimate(point.energy, (point.stderr or 0.0) ** 2))


def _explained(words: Wording, noiseless: bool) -> str:
    if words.in_hartree:
        error = "error of the noiseless energy" if noiseless else "error"
        return f"energies in Hartree; mHa: {error} against {words.exact}"
    unit = f" in units of {words.unit}" if words.unit else " in the model's unit"
    error = "; error: of the noiseless energy" if noiseless else ""
    return f"energies{unit}; reference: {words.reference}; exact: {words.exact}{error}"


def _error(point: ScanPoint, words: Wording) -> str:
    if point.error is None:
        return "-"
    scale, digits = (1e3, 4) if words.in_hartree else (1.0, 7)
    if point.stderr and point.exact is None:
        return str(Estimate(scale * point.error, (scale * point.stderr) ** 2))
    return f"{scale * point.error:z.{digits}f}"


def _line(work: Scan, point: ScanPoint) -> str:
    words = wording_of(work.names)
    error, unit = _error(point, words), words.unit
    unit = f" {unit}" if unit else ""
    error += " mHa" if words.in_hartree else unit
    label = "noiseless error" if point.stderr and point.exact is not None else "error"
    start = "warm" if point.warm else "cold"
    value = f"{point.value:g} {work.unit}".strip()
    return (
        f"{work.parameter} = {value:<10} {_shown(point):>16}{unit}  {label} {error:>14}  "
        f"{point.steps:>5} steps  {start}  {point.status}"
    )


def _row(work: Scan, point: ScanPoint) -> dict[str, Any]:
    words = wording_of(work.names)
    reference, exact, error = (
        ("HF", words.exact, "mHa") if words.in_hartree else ("reference", "exact", "error")
    )
    ccsd = {"CCSD": "-" if point.ccsd is None else f"{point.ccsd:.6f}"}
    return {
        f"{work.parameter} ({work.unit})" if work.unit else work.parameter: f"{point.value:.5g}",
        "energy": _shown(point) if point.stderr else f"{point.energy or 0:.6f}",
        reference: f"{point.hf:.6f}",
        **({} if work.names.get("kind") == "spins" else ccsd),
        exact: "-" if point.fci is None else f"{point.fci:.6f}",
        error: _error(point, words),
        "steps": point.steps,
        "shots": f"{point.shots:,}",
    }
