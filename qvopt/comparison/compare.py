"""`compare`: a comparison from its description to its tables and statistics."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any, Final, Unpack

from qvopt.experiment.budget_text import budget_data
from qvopt.runs.approval import Approve
from qvopt.runs.bar import counted
from qvopt.runs.picture import axes_or_new
from qvopt.runs.text_table import text_table
from qvopt_molecules.argument_checks import path_of, real_number, whole_number
from qvopt_molecules.errors import InputError, shown, unknown_name
from qvopt_molecules.handed import OBJECT

from .choice import choose_engine
from .collection import Comparison, collect, load_comparison
from .comparison_folder import note_history, prepared_folder, write_specification
from .forecast import check_disk
from .outcomes import RunOutcome
from .problem_data import read_comparison
from .shared_settings import SharedSettings, takes_shared_settings, with_shared
from .specification import ComparisonSpec, make_comparison
from .spending import approve_sweep
from .summary import Summary
from .sweep import Sweep, SweepProgress
from .tables import runs_table, steps_table, to_xarray

_SHOWN: Final = ("problem", "optimizer", "seed", "status", "steps", "shots", "error", "stderr")


@dataclass(frozen=True, repr=False)
class ComparisonResult:
    """What a comparison found, as tables.

    Attributes:
        comparison: outcomes and what is known about them.
        folder: where it is kept.
    """

    comparison: Comparison
    folder: Path

    @property
    def outcomes(self) -> list[RunOutcome]:
        """Every scored run that has ended."""
        return self.comparison.outcomes

    @property
    def about(self) -> dict[str, Any]:
        """Environment, tuning and its costs, sizes of the problems, how to reproduce it."""
        return self.comparison.about

    @property
    def cautions(self) -> list[str]:
        """What makes it say less than it seems to: targets and budgets that decide nothing."""
        return list(self.about.get("cautions") or ())

    @cached_property
    def runs(self) -> Any:
        """A pandas DataFrame with one row a run."""
        return runs_table(self.outcomes, self.comparison.targets)

    @cached_property
    def steps(self) -> Any:
        """A pandas DataFrame with one row a step."""
        return steps_table(self.outcomes)

    @cached_property
    def trials(self) -> Any:
        """A pandas DataFrame with one row a run of the search of hyper-parameters."""
        return runs_table(self.comparison.trials, self.comparison.targets)

    @cached_property
    def summary(self) -> Summary:
        """The statistics."""
        from .summarize import summarize

        return summarize(self.outcomes, self.comparison.targets)

    def __repr__(self) -> str:
        columns = [k for k in _SHOWN if k in self.runs]
        table = text_table(self.runs[columns].to_dict("records"), columns)
        return "\n".join([table, *self.cautions])

    def _repr_html_(self) -> str:
        from qvopt.runs.html import drawn_html, frame_html

        table = frame_html(self.runs[[k for k in _SHOWN if k in self.runs]])
        table += "".join(f"<p>{escape(sentence)}</p>" for sentence in self.cautions)
        return table + drawn_html(self.plot) if self.outcomes else table

    def plot(self, ax: Any = None, *, problem: str | None = None) -> Any:
        """Draw the true error against the shots spent into matplotlib Axes; return them.

        A line is the median over an optimizer's seeds, its shade their quartiles.

        Args:
            ax: where to draw; None takes new ones.
            problem: label of the problem; None takes the first.

        Raises InputError for an unknown problem, or where nothing has ended.
        """
        from .grid import Grid
        from .pictures.convergence import plot_convergence
        from .pictures.style import Looks

        grid = Grid(self.outcomes)
        if not grid.problems:
            raise InputError(f"no run of {self.folder} has ended yet")
        if problem is not None and problem not in grid.problems:
            raise unknown_name("problem of the comparison", problem, grid.problems)
        ax = axes_or_new(ax)
        summary = self.summary
        looks = Looks(summary.order)
        plot_convergence(ax, grid, summary, looks, problem or grid.problems[0])
        lines, labels = ax.get_legend_handles_labels()
        ax.legend(lines[::-1], labels[::-1], frameon=False, fontsize=8)  # the best one first
        ax.grid(True, which="major", alpha=0.25, linewidth=0.5)
        ax.spines[["top", "right"]].set_visible(False)
        return ax

    def to_xarray(self) -> Any:
        """An xarray Dataset over problem, optimizer and seed."""
        return to_xarray(self.outcomes)

    def report(self, folder: str | Path | None = None) -> Path:
        """Write the report below the comparison's folder, or another; return its page's path."""
        from .report.write import write_report

        target = self.folder if folder is None else Path(folder)
        return write_report(target, self.outcomes, self.summary, self.about, self.comparison.trials)


@takes_shared_settings
def compare(
    specification: str | Path | Mapping[str, Any] | ComparisonSpec | None = None,
    *,
    problems: Sequence[Any] | None = None,
    optimizers: Sequence[Any] | None = None,
    shots: int | str | Sequence[int] | None = None,
    budget: int | str | Mapping[str, Any] | Sequence[Any] | None = None,
    seeds: int | None = None,
    first_seed: int | None = None,
    targets: Sequence[float] | None = None,
    max_steps: int | None = None,
    tuning: Mapping[str, Any] | None = None,
    title: str | None = None,
    out: str | Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    cluster: str | Path | None = None,
    max_gb: float | None = None,
    progress: bool | Callable[[SweepProgress], object] | None = None,
    approve: Approve | None = None,
    **shared: Unpack[SharedSettings],
) -> ComparisonResult:
    """Run a comparison, or what is missing of it, and return its tables.

        compare(problems=["h2"], optimizers=["adam", "spsa"], budget="1e5 shots")

    Args:
        specification: a file or a comparison's folder, plain data, or nothing; what is given below
            takes the place of what it says.
        problems: each a molecule's name, an object, or a table with a molecule and, where it
            matters, ansatz, backend, mapping, measurement and a label.
        optimizers: each a name, an object, or a table {"name": …, "label": …} with
            hyper-parameters; the name may be an object.
        shots: of one energy; several are compared.
        budget: what a run may spend, everything charged: shots, "1e6 shots", or a table of caps;
            with several, every problem is run with each.
        seeds, first_seed: runs of each optimizer on each problem, and the first of their seeds.
        targets: true errors in mHa that are asked for.
        max_steps: steps after which a run ends in any case.
        tuning: the search of hyper-parameters.
        title: what it is about.
        out: folder; comparisons/<name> unless given. One that is there is extended.
        workers, scheduler, cluster: what runs it, see `choose_engine`.
        max_gb: most that may be written, in GB.
        progress: called with each run as it ends; or whether to show a bar, None in notebooks
            alone.
        approve: called before the first job on hardware that is paid or queued, as by `run`.

    Raises InputError for what cannot run, before anything does.
    """
    data, name = specification_data(specification)
    given = {
        "problems": problems, "optimizers": optimizers, "shots": shots,
        "budget": budget_data(budget) if isinstance(budget, str) else budget, "seeds": seeds,
        "first_seed": first_seed, "targets": targets, "max_steps": max_steps, "tuning": tuning,
        "title": title,
    }  # fmt: skip
    data = {**data, **{k: v for k, v in given.items() if v is not None}}
    spec = make_comparison(with_shared(data, shared))
    folder = path_of(out, "out") if out is not None else default_folder(spec, name)
    if workers is not None:
        whole_number(workers, "workers", 1)
    if max_gb is not None:
        real_number(max_gb, "max_gb", "number of GB")
    if not isinstance(scheduler, str | None):
        raise InputError(f"scheduler is the address of a Dask scheduler, got {shown(scheduler)}")
    machines = None if cluster is None else path_of(cluster, "cluster")
    most = None if max_gb is None else 1e9 * max_gb
    with prepared_folder(folder):
        sweep = Sweep.prepare(spec, folder, most_bytes=most)
        expected = sweep.forecast()
        check_disk(expected, folder, most)
        approve_sweep(sweep, folder, approve)
        chosen = choose_engine(
            expected,
            folder,
            workers=within_process(spec, workers, elsewhere=bool(scheduler or machines)),
            scheduler=scheduler,
            cluster=machines,
        )
        write_specification(folder, spec)
    note_history(folder, None)
    with chosen as engine, counted(progress, "runs", expected.missing) as report:
        for ended in sweep.run(engine):
            report(ended)
    return ComparisonResult(collect(sweep), folder)


def within_process(spec: ComparisonSpec, workers: int | None, *, elsewhere: bool) -> int | None:
    """Return the number of workers: 1 where an object exists in this process alone.

    Raises InputError where others were asked for.
    """
    names = [entrant.name for entrant in spec.optimizers]
    names += [ansatz.name for problem in spec.problems for ansatz in problem.ansatz]
    local = next((name for name in names if name.startswith(OBJECT)), None)
    if local is None:
        return workers
    if elsewhere or (workers or 1) > 1:
        raise InputError(
            f"{local.removeprefix(OBJECT)} is an object of this process, which other workers "
            f"cannot import: move it into a file of its own and import it from there (or give "
            f"'module:attribute'), or leave workers, scheduler and cluster out"
        )
    return 1


def load(folder: str | Path) -> ComparisonResult:
    """Return what a comparison's folder holds; nothing runs."""
    return ComparisonResult(load_comparison(Path(folder)), Path(folder))


def specification_data(
    specification: str | Path | Mapping[str, Any] | ComparisonSpec | None,
) -> tuple[dict[str, Any], str | None]:
    """Return plain data, and the name that the file gives."""
    if specification is None:
        return {}, None
    if isinstance(specification, ComparisonSpec):
        return specification.document(), None
    if isinstance(specification, Mapping):
        return dict(specification), None
    path = path_of(specification, "a comparison")
    return read_comparison(path), (path.name if path.is_dir() else path.stem)


def default_folder(spec: ComparisonSpec, name: str | None) -> Path:
    """Where a comparison goes unless it is said: below the working directory."""
    if name is None:
        text = json.dumps(spec.document(), sort_keys=True)
        name = f"comparison-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return Path("comparisons") / name
