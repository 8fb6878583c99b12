"""Tasks on circuits that grow: the state is that of the grown circuit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qvopt import excited_states, optimize_orbitals, relax, run, run_properties
from qvopt_molecules.errors import InputError

ADAPT: dict[str, Any] = {"name": "adapt", "pool": "fermionic"}


@pytest.mark.parametrize("backend", ["sector", "lightning"])
def test_properties_are_of_the_grown_circuit(tmp_path: Path, backend: str) -> None:
    result = run("h2", ansatz=ADAPT, backend=backend, out=tmp_path / "run")
    exact = run_properties(tmp_path / "run")
    assert exact.energy.value == pytest.approx(result.energy, abs=1e-9)
    assert exact.overlap == pytest.approx(1.0, abs=1e-6)
    measured = run_properties(tmp_path / "run", shots=20_000)
    energy = measured.energy
    assert abs(energy.value - exact.energy.value) < 5 * energy.stderr
    assert 0 < energy.stderr < 0.05


def test_expansions_start_from_the_grown_circuit() -> None:
    for method in ("qse", "qeom"):
        found = excited_states("h2", 3, method=method, ansatz=ADAPT)  # type: ignore[arg-type]
        errors = [s.energy - (s.fci or 0.0) for s in found.states]
        np.testing.assert_allclose(errors, 0.0, atol=1e-7)


@pytest.mark.parametrize("method", ["vqd", "ssvqe"])
def test_methods_over_one_circuit_refuse_one_that_grows(method: Any) -> None:
    with pytest.raises(InputError, match="take qse or qeom"):
        excited_states("h2", 2, method=method, ansatz=ADAPT)


@pytest.mark.slow
def test_a_geometry_relaxes_on_grown_circuits() -> None:
    found = relax("H 0 0 0; H 0 0 0.8", ansatz=ADAPT)
    plain = relax("H 0 0 0; H 0 0 0.8")
    assert found.converged
    assert found.final.energy == pytest.approx(plain.final.energy, abs=1e-6)


@pytest.mark.slow
def test_orbitals_are_optimised_on_grown_circuits() -> None:
    settings: dict[str, Any] = {"molecule": {"name": "lih", "active_space": {"electrons": 2,
                                "n_orbitals": 2}}}  # fmt: skip
    found = optimize_orbitals(settings["molecule"], ansatz=ADAPT, max_rounds=60)
    plain = optimize_orbitals(settings["molecule"], max_rounds=60)
    assert found.energy == pytest.approx(plain.energy, abs=1e-5)
