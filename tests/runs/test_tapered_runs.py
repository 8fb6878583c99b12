"""Runs over tapered qubits give the energies of the untapered ones."""

import pytest
from slow_cases import rest_slow

from qvopt import run
from qvopt_molecules.errors import InputError


@pytest.mark.parametrize("backend", rest_slow(["lightning", "aer"], ["lightning"]))
def test_uccsd_over_tapered_qubits(backend):
    options = {"ansatz": {"name": "uccsd", "point_group": True}, "max_steps": 60}
    molecule = {"name": "lih", "active_space": {"electrons": 2, "n_orbitals": 3}}
    plain = run(molecule, **options)
    tapered = run(molecule, mapping="jordan-wigner-tapered", backend=backend, **options)
    assert tapered.exact == pytest.approx(plain.exact, abs=1e-7)


def test_shots_over_tapered_qubits():
    found = run("h2", mapping="jordan-wigner-tapered", backend="lightning", shots=4000, max_steps=8,
                ansatz={"name": "hardware-efficient", "layers": 1}, seed=2)  # fmt: skip
    assert abs(found.energy - found.exact) < 6 * found.stderr + 1e-9


def test_forbidden_excitations_name_the_mend():
    with pytest.raises(InputError, match="point_group=true"):
        run("h4-chain", mapping="jordan-wigner-tapered", backend="lightning")
