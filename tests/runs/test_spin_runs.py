"""Runs on the Heisenberg chain: energies, shots, resuming, and what spins cannot do."""

import json
import re

import numpy as np
import pytest
from slow_cases import rest_slow

from qvopt import Session, run
from qvopt.backends.batch import Point
from qvopt.cli.output import result_rows
from qvopt.comparison.compare import compare
from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Energy
from qvopt.runs.folder import RunFolder
from qvopt.runs.stored import stored_result
from qvopt_circuits.given import GivenCircuit
from qvopt_circuits.hva import HamiltonianVariational
from qvopt_circuits.spins import prepare
from qvopt_molecules import PauliSum, SpinHamiltonian, heisenberg_chain
from qvopt_molecules.errors import InputError


def chain(**more):
    sites = more.pop("sites", 4)
    molecule = {"name": "heisenberg", "set": {"sites": sites, **more.pop("set", {})}}
    return make_experiment({"molecule": molecule, "backend": "lightning", **more})


@pytest.mark.parametrize(
    ("sites", "layers", "energy"),
    [
        (4, 2, -1.616025403784438),
        pytest.param(6, 3, -2.493577133887925, marks=pytest.mark.slow),
    ],
)
def test_hva_reaches_the_ground_state(sites, layers, energy):
    found = run(chain(sites=sites, ansatz={"name": "hva", "layers": layers}, optimizer="l-bfgs"))
    assert found.fci == pytest.approx(energy, abs=1e-9)
    assert found.energy == pytest.approx(found.fci, abs=1e-5)
    rows = {name: unit for name, _, unit in result_rows(found)}
    assert rows["exact ground energy"] == "J"
    assert not {"full CI", ""} & set(rows)


@pytest.mark.parametrize("name", ["hardware-efficient", "real-amplitudes", "efficient-su2"])
def test_rotations_start_at_the_product_state(name):
    assembly = assemble(chain(sites=5, ansatz={"name": name, "spread": 0.0}))
    energy = assembly.program.energies([Point(assembly.start)])[0]
    assert energy == pytest.approx(-1.0, abs=1e-12)  # Néel: four bonds of -1/4


def test_efficient_su2_minimises():
    found = run(chain(ansatz="efficient-su2", optimizer="l-bfgs", seed=3))
    assert found.energy == pytest.approx(-1.616025403784438, abs=1e-3)
    assert found.fci == pytest.approx(-1.616025403784438, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "energy"),
    [
        # Dimers: singlets of -3/4; triplets of S^z = 0 of -1/4; the bonds between give nothing.
        ({"sites": 4}, -1.5),
        ({"sites": 4, "j": -1.0}, -0.5),
        ({"sites": 5}, -1.5),
        ({"sites": 5, "periodic": 1}, -1.5),
        ({"sites": 4, "delta": 3.0, "field": 0.7}, -2.5),
    ],
)
def test_hva_starts_from_dimers(settings, energy):
    h = heisenberg_chain(settings)
    prepared = prepare(HamiltonianVariational(layers=2), h, "jordan-wigner")
    assembly = assemble(chain(set=settings, ansatz="hva"))
    zero = np.zeros(prepared.circuit.n_parameters)
    field = settings.get("field", 0.0)
    loose = -field / 2 * (settings["sites"] % 2)
    assert assembly.program.energies([Point(zero)])[0] == pytest.approx(energy + loose, abs=1e-12)
    # At no point of the circuit does S^z change.
    rng = np.random.default_rng(1)
    (state,) = assembly.program.states([Point(rng.normal(size=zero.shape))])
    ups = settings["sites"] - np.bitwise_count(np.arange(1 << settings["sites"]))
    magnetisation = np.abs(state) ** 2 @ ups
    assert magnetisation == pytest.approx((settings["sites"] + 1) // 2, abs=1e-10)


GROUPINGS = [None, "fully-commuting", "qubit-wise-coloring"]


@pytest.mark.parametrize("grouping", rest_slow(GROUPINGS, [None, "fully-commuting"]))
def test_shots_are_unbiased(grouping):
    measurement = {"shots": 4000, **({"grouping": grouping} if grouping else {})}
    experiment = chain(set={"field": 0.3}, ansatz="hva", measurement=measurement)
    assembly = assemble(experiment)
    exact = assembly.program.energies([Point(assembly.start)])[0]
    values = []
    for k in range(40):
        (energy,) = assembly.evaluator.answer([Energy(assembly.start)], k)
        values.append((energy.value - exact) / np.sqrt(energy.variance))
    assert abs(np.mean(values)) < 4.4 / np.sqrt(40)
    assert 0.5 < np.var(values) < 1.8


@pytest.mark.slow
def test_resumes_bit_for_bit_from_frozen_spins(tmp_path):
    experiment = chain(ansatz="hva", shots=200, optimizer="adam", max_steps=6, seed=5)
    with Session.begin(experiment, out=tmp_path / "whole") as session:
        for _ in session:
            pass
        whole = session.result()
    with Session.begin(experiment, out=tmp_path / "cut") as session:
        for step in session:
            if step.number == 3:
                break
    with Session.resume(tmp_path / "cut") as session:
        assert session.assembly.hamiltonian.label == "heisenberg-chain"
        for _ in session:
            pass
        cut = session.result()
    assert np.array_equal(cut.x, whole.x)
    assert (cut.energy, cut.stderr, cut.shots) == (whole.energy, whole.stderr, whole.shots)
    shown = [name for name, _, _ in result_rows(stored_result(RunFolder(tmp_path / "cut")))]
    assert "product state" in shown
    document = json.loads((tmp_path / "cut" / "result.json").read_text())
    assert document["fci"] == pytest.approx(-1.616025403784438, abs=1e-9)


def test_given_circuit_and_own_model():
    """A transverse-field Ising pair by a circuit given gate by gate."""
    observable = PauliSum(
        2,
        np.array([0, 1, 2], dtype=np.uint64),
        np.array([3, 0, 0], dtype=np.uint64),
        np.array([-1.0, -0.5, -0.5]),
    )
    h = SpinHamiltonian(observable, 0, "ising-pair")
    gates = ("ry 0 x0", "cx 0 1", "ry 0 x1", "ry 1 x1")
    ansatz = {"name": "circuit", "gates": list(gates), "start_point": [0.3, 0.2]}
    experiment = chain(ansatz=ansatz, optimizer="l-bfgs")
    with Session.begin(experiment, hamiltonian=h, store=False) as session:
        for _ in session:
            pass
        found = session.result()
    exact = np.linalg.eigvalsh(observable.to_sparse().toarray())[0]
    assert found.fci == pytest.approx(exact, abs=1e-10)
    assert found.energy == pytest.approx(exact, abs=1e-6)
    assert "exact ground energy" in [name for name, _, _ in result_rows(found)]
    assert prepare(GivenCircuit(gates), h, "jordan-wigner").circuit.n_qubits == 2
    with pytest.raises(InputError, match="use hardware-efficient"):
        prepare(HamiltonianVariational(), h, "jordan-wigner")


@pytest.mark.slow
def test_comparisons_take_spins(tmp_path):
    found = compare(
        {
            "problems": [{"molecule": "heisenberg", "ansatz": "hva", "backend": "lightning"}],
            "optimizers": ["adam", "spsa"],
            "seeds": 2,
            "shots": 100,
            "budget": 20_000,
        },
        out=tmp_path / "comparison",
        workers=1,
    )
    assert {o.status for o in found.outcomes} == {"budget"}
    assert len(found.outcomes) == 4
    found.report()
    page = (tmp_path / "comparison" / "report.md").read_text()
    assert "final error (10⁻³ J)" in page
    assert "-1.616025 J" in page  # the exact ground energy of four sites
    assert not re.search(r"Hartree-|full CI|\bm?Ha\b", page)
    tex = next((tmp_path / "comparison" / "tables").glob("results*.tex")).read_text()
    assert "10$^-$$^1$" not in tex
    assert tex.isascii()


def test_energies_carry_the_unit_of_the_model(capsys, tmp_path):
    from qvopt.cli.runs import run_command, show_command

    for molecule, unit in (
        ({"name": "heisenberg", "set": {"sites": 2}}, "J"),
        ({"name": "heisenberg", "set": {"sites": 2, "j": 2.0}}, ""),
        ({"name": "hubbard", "set": {"sites": 2}}, "t"),
    ):
        spins = molecule["name"] == "heisenberg"
        more = {"ansatz": "hva", "backend": "lightning"} if spins else {}
        out = tmp_path / f"{molecule['name']}{unit}"
        assert run_command({"molecule": molecule, "max_steps": 3, **more}, out, False, False) == 0
        run = capsys.readouterr()
        assert show_command(out, None, False) == 0
        heading = f"energy ({unit})" if unit else "energy "
        assert heading in run.err
        for text in (run.out, capsys.readouterr().out):
            rows = dict(re.findall(r"^(energy|exact ground energy) +\S+ *(\S*)", text, re.M))
            assert rows == {"energy": unit, "exact ground energy": unit}
            assert not re.search(r"Hartree|full CI|\bm?Ha\b|kcal", text + run.err)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ansatz": "uccsd"}, "ansatz uccsd acts on orbitals"),
        ({"ansatz": "adapt"}, "ansatz adapt acts on orbitals"),
        ({"ansatz": "hva", "backend": "sector"}, "works on integrals"),
        ({"ansatz": "hva", "mapping": "parity"}, "leave the mapping parity out"),
        (
            {"ansatz": "hva", "measurement": {"shots": 100, "grouping": "basis-rotation"}},
            "use --grouping qubit-wise",
        ),
        ({"ansatz": "hva", "measurement": {"shots": 100, "postselect": True}}, "spins have none"),
    ],
)
def test_what_spins_cannot_do_is_one_line(more, message):
    with pytest.raises(InputError, match=message) as caught:
        assemble(chain(**more))
    assert "\n" not in str(caught.value)
