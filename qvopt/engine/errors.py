"""Errors of evaluations."""

from __future__ import annotations

from qvopt_molecules.errors import BackendError


class NonFiniteError(BackendError):
    """A number that should be an energy is NaN or infinite."""

    exit_code = 2
