"""The closing table: units of models, digits of measured numbers, shots that add up."""

import re
from dataclasses import replace

import pytest
from command_line import command_line

from qvopt import run
from qvopt.measurement.estimate import two_digits
from qvopt.optimizers.protocol import Scalar
from qvopt.runs.ending import describe_rise
from qvopt.runs.panels import convergence_panels
from qvopt.runs.rows import result_rows

HUBBARD = {"name": "hubbard", "set": {"sites": 2, "u": 4}}
NO_HARTREE = r"\bm?Ha\b|Hartree|kcal|full CI|\beV\b"


@pytest.fixture(scope="module")
def sampled():
    return run("h2", optimizer="adam", shots=500, max_steps=4, seed=1, final_precision=0.002)


def rows(result):
    return {name: (value, note) for name, value, note in result_rows(result) if name}


def printed(folder, *arguments):
    done = command_line(*arguments, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_no_line_of_a_lattice_model_is_in_hartree(tmp_path):
    """Messages and tables of every command that takes one."""
    lattice = ["hubbard", "--set", "sites=2", "--set", "u=4"]
    text = printed(tmp_path, "run", *lattice, "--shots", "2000", "--out", "r", "--set",
                   "stopping.expected_error=0.02")  # fmt: skip
    assert "0.02 t above" in text
    assert re.search(r"final estimate +0\.\d+ t\b", text)
    for name in ("properties", "diagonalize", "show"):
        text += printed(tmp_path, name, "r")
    text += printed(tmp_path, "measurements", *lattice)
    text += printed(tmp_path, "excited", *lattice, "--states", "2")
    assert not re.findall(rf".*(?:{NO_HARTREE}).*", text)


def test_messages_have_the_unit_of_the_problem():
    first, last = Scalar(0.0, 1e-6), Scalar(1.0, 1e-6)
    assert "1.0000 Ha above" in describe_rise(last, first)
    assert "1.0000 J above" in describe_rise(last, first, "J")
    assert "ended 1.0000 above" in describe_rise(last, first, "")


def test_derived_numbers_of_a_measured_energy_have_its_digits(sampled):
    """-1.152(27) Ha: its error is not known to a hundredth of a mHa."""
    noisy = replace(sampled, exact=None, energy=-1.1525, stderr=0.0272)
    assert rows(noisy)["error"] == ("-15(27)", "mHa of the measured energy")
    assert ("", "-9(17)", "kcal/mol") in result_rows(replace(noisy, energy=-1.1516))
    assert "correlation recovered" not in rows(noisy)  # 20 mHa: not resolved
    better = replace(noisy, energy=-1.1352, stderr=0.00102)
    assert rows(better)["correlation recovered"][0] == "89.6(50)"
    assert rows(better)["error"][0] == "2.1(10)"
    above = replace(noisy, energy=-1.0, stderr=0.001)
    assert rows(above)["correlation recovered"][0] == "none"
    assert noisy.document()["error"] == noisy.energy - noisy.fci  # JSON keeps every digit


@pytest.mark.parametrize("stderr", [0.123, 1.7, 0.0999])
def test_an_error_of_many_mha_is_written_without_an_exponent(sampled, stderr):
    shown = rows(replace(sampled, stderr=stderr))["final estimate"][0]
    assert "e" not in shown.removesuffix("mHa")
    assert float(shown.removesuffix(" mHa")) == pytest.approx(1e3 * stderr, rel=0.05)
    assert two_digits(99.6) == "100"


def test_parts_of_the_shots_add_up(sampled, tmp_path):
    budget = run("h2", optimizer="adam", shots=500, seed=1, budget={"shots": 9000})
    mitigated = run("h2", optimizer="adam", shots=500, max_steps=2,
                    backend={"name": "aer", "noise": {"readout": 0.02}},
                    mitigation={"readout": True})  # fmt: skip
    for result in (sampled, budget, mitigated):
        table = result_rows(result)
        start = next(k for k, row in enumerate(table) if row[0] == "shots")
        parts = []
        for name, value, _ in table[start + 1 :]:
            if name:
                break
            parts.append(int(value.replace(",", "")))
        assert len(parts) == 3
        assert sum(parts) == result.shots


def test_the_picture_says_what_the_final_estimate_cost(sampled):
    curve = next(c for c in convergence_panels(sampled)[0].curves if c.marker == "D")
    assert curve.label == f"final estimate (+ {sampled.costs['final'].shots:,} shots)"


def test_levels_and_steps_of_measured_energies_have_error_bars():
    from qvopt.cli.excited import _row
    from qvopt.cli.progress import ProgressDisplay
    from qvopt.runs.steps import Step
    from qvopt.tasks.excited.result import ExcitedState, ExcitedStates

    states = tuple(
        ExcitedState(e, 0.012, None, -1.137, None, None, 3, ()) for e in (-1.1, -0.71234)
    )
    row = _row(1, states[1], -1.1, ExcitedStates("vqd", states, {}))
    assert (row["above (eV)"], row["error (mHa)"]) == ("10.55(46)", "425(12)")
    step = Step(1, None, Scalar(-1.11234, 0.012**2), None, None, 100, 1, 0.0, False, "")
    assert " 25(12) " in ProgressDisplay(-1.13730604, quiet=False)._format(step)
