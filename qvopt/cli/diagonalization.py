"""`qvopt diagonalize`: the Hamiltonian in the determinants that a run's state shows."""

from __future__ import annotations

from pathlib import Path

from qvopt.backends.protocol import SubmissionPolicy
from qvopt.measurement.estimate import Estimate
from qvopt.runs.folder import RunFolder
from qvopt.runs.stored import stored_result
from qvopt.runs.wording import difference_text, wording
from qvopt.tasks.diagonalization import diagonalize
from qvopt.tasks.properties_result import Place

from .output import print_json, print_rows
from .spending import status_printer, terminal


def diagonalize_command(
    path: Path,
    shots: int | None,
    repair: bool,
    max_determinants: int,
    at: Place | None,
    as_json: bool,
    yes: bool,
) -> int:
    """Print the energy in the span, and what it rests on."""
    done = diagonalize(
        path,
        shots=shots,
        repair=repair,
        max_determinants=max_determinants,
        at=at,
        jobs=SubmissionPolicy(on_progress=status_printer(as_json)),
        approve=terminal(yes=yes, quiet=as_json),
    )
    if as_json:
        print_json(done.document())
        return 0
    run = stored_result(RunFolder(path))
    share = 100.0 * done.kept / done.shots
    unit = wording(run).unit
    rows = [
        ("energy in the span", f"{done.energy:.8f}", f"{unit}, an upper bound".lstrip(", ")),
        ("energy of the run", str(Estimate(run.energy or 0.0, (run.stderr or 0.0) ** 2)), unit),
    ]
    if run.fci is not None:
        above, _, shown = difference_text(done.energy - run.fci, unit, 3).partition(" ")
        rows.append(("above the exact energy", above, shown))
    rows += [
        ("⟨S²⟩", f"{done.spin_squared:.4f}", ""),
        ("determinants", f"{done.determinants:,}", f"of {done.sector:,} in the sector"),
        ("shots", f"{done.shots:,}", f"{share:.1f} % with the right electron numbers"),
    ]
    print_rows(rows)
    if done.complete:
        print(
            "The whole sector is spanned: this is the classical exact energy, and the samples "
            "chose nothing."
        )
    return 0
