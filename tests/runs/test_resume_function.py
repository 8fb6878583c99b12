"""`resume` goes on with a folder to the end of a run that was never interrupted."""

import numpy as np
import pytest

from qvopt import load, resume, run
from qvopt.optimizers.protocol import Gradient, Iterate
from qvopt_molecules.errors import InputError


def descent(x, rng):
    while True:
        (gradient,) = yield [Gradient(x)]
        x = x - 0.2 * gradient.value
        yield Iterate(x)


def test_it_ends_as_the_run_that_was_not_cut_short(tmp_path):
    settings = {"shots": 300, "seed": 5, "optimizer": descent}
    whole = run("h2", max_steps=9, **settings)
    run("h2", max_steps=4, out=tmp_path / "run", **settings)
    steps = []
    again = resume(tmp_path / "run", max_steps=9, optimizer=descent, callback=steps.append)
    assert np.array_equal(again.x, whole.x)
    assert again.energy == whole.energy
    assert [step.number for step in steps] == list(range(10))
    assert load(tmp_path / "run").energy == whole.energy


def test_its_callback_ends_it_again(tmp_path):
    run("h2", shots=300, max_steps=2, out=tmp_path / "run")
    again = resume(tmp_path / "run", max_steps=9, callback=lambda step: step.number == 5)
    assert (again.n_steps, again.status) == (5, "interrupted")


def test_what_it_does_not_take_is_refused(tmp_path):
    run("h2", shots=300, max_steps=1, out=tmp_path / "run")
    with pytest.raises(InputError, match="max_steps"):
        resume(tmp_path / "run", max_step=3)
    with pytest.raises(InputError):
        resume(tmp_path / "nothing")
