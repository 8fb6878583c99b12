"""Rotations of neighbouring orbitals against minors, and taken in threes against one by one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ortho_group

from qvopt.backends.sector.lanes import WIDTH
from qvopt.backends.sector.neighbours import NeighbourTables, RotationSteps, rotate_lines
from qvopt_molecules.determinants import compound_matrix, occupation_strings, occupied_orbitals

SHAPES = [(1, 1), (2, 1), (3, 2), (4, 1), (4, 2), (4, 3), (5, 2), (6, 3), (7, 0), (7, 5), (8, 4)]


def lines_of(norb, electrons):
    strings = occupation_strings(norb, electrons)
    return strings, np.random.default_rng(1).normal(size=(len(strings), WIDTH))


def rotated(lines, steps, tables):
    buffer = lines.reshape(-1).copy()
    rotate_lines(buffer, steps.runs, steps.turns, tables)
    return buffer.reshape(lines.shape)


def one_by_one(steps):
    runs = np.stack([steps.orbitals, np.ones_like(steps.orbitals)], axis=1)
    return replace(steps, runs=np.ascontiguousarray(runs))


def rotation_of(norb):
    return ortho_group.rvs(norb, random_state=2) if norb > 1 else np.eye(1)


@pytest.mark.parametrize(("norb", "electrons"), SHAPES)
def test_lines_are_multiplied_by_the_minors_of_the_rotation(norb, electrons):
    strings, lines = lines_of(norb, electrons)
    rotation = rotation_of(norb)
    found = rotated(lines, RotationSteps.of(rotation), NeighbourTables.of(strings, norb))
    expected = compound_matrix(rotation, occupied_orbitals(strings, norb)).T @ lines
    # Rotations leave out the signs of orbitals, which no occupation feels.
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-13)


@pytest.mark.parametrize(("norb", "electrons"), SHAPES)
def test_three_at_a_time_round_like_one_by_one(norb, electrons):
    strings, lines = lines_of(norb, electrons)
    tables = NeighbourTables.of(strings, norb)
    steps = RotationSteps.of(rotation_of(norb))
    singles = one_by_one(steps)
    assert (steps.runs[:, 1] == 3).any() == (norb > 3)
    assert steps.runs[:, 1].sum() == len(steps.orbitals)
    assert rotated(lines, steps, tables).tobytes() == rotated(lines, singles, tables).tobytes()


@pytest.mark.parametrize(("norb", "electrons"), SHAPES)
def test_the_inverse_undoes_them(norb, electrons):
    strings, lines = lines_of(norb, electrons)
    tables = NeighbourTables.of(strings, norb)
    steps = RotationSteps.of(rotation_of(norb))
    there = rotated(lines, steps, tables)
    np.testing.assert_allclose(rotated(there, steps.inverse, tables), lines, atol=1e-13)


def test_steps_that_a_rotation_does_not_need_break_the_runs():
    rotation = np.eye(6)
    rotation[:2, :2] = rotation[4:, 4:] = [[0.6, -0.8], [0.8, 0.6]]
    steps = RotationSteps.of(rotation)
    assert steps.orbitals.tolist() == [0, 4]
    assert steps.runs.tolist() == [[0, 1], [4, 1]]
