"""Experiments: one meaning in every form, and one clear line for what is wrong."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qvopt.cli.options import experiment_data
from qvopt.experiment.settings import put
from qvopt.experiment.specification import Experiment, make_experiment
from qvopt.experiment.toml_text import dump_toml, read_experiment_file
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.molecule import ActiveSpace

scalars = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
values = scalars | st.lists(scalars, max_size=3)
keys = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.dictionaries(keys, values | st.dictionaries(keys, values, max_size=3), max_size=5))
def test_toml_reads_back_the_same(data):
    assert tomllib.loads(dump_toml(data)) == data


def test_an_experiment_survives_its_file():
    experiment = make_experiment(
        {
            "molecule": {"name": "H 0 0 0; H 0 0 0.7", "basis": "6-31g", "set": {"r": 1.5}},
            "optimizer": {"name": "adam", "learning_rate": 0.1},
            "shots": 1000,
            "budget": {"shots": 10**6},
        }
    )
    again = make_experiment(tomllib.loads(dump_toml(experiment.document())))
    assert again == experiment
    assert again.content_hash() == experiment.content_hash()
    assert Experiment(**experiment.document()).content_hash() == experiment.content_hash()


def test_defaults_follow_the_shots():
    assert make_experiment({"molecule": "h2"}).optimizer_spec.name == "l-bfgs"
    assert make_experiment({"molecule": "h2", "shots": 5}).optimizer_spec.name == "kalman-newton"
    named = make_experiment({"molecule": "h2", "optimizer": {"memory": 3}})
    assert named.optimizer_spec.name == "l-bfgs"
    assert named.optimizer_spec.options == {"memory": 3}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "molecule: field required"),
        ({"molecul": "h2"}, "unknown experiment key 'molecul'; did you mean 'molecule'"),
        ({"molecule": {"name": "h2", "bass": 1}}, r"key in \[molecule\] 'bass'; did you mean"),
        ({"molecule": "h2", "shots": 0}, "greater than 0, got 0"),
        ({"molecule": "h2", "shots": -3}, "greater than 0, got -3"),
        ({"molecule": "h2", "shots": 1.5}, "shots"),
        ({"molecule": "h2", "shots": 5, "measurement": {"shots": 6}}, "disagree"),
        ({"molecule": "h2", "seed": -1}, "seed: must be between"),
        ({"molecule": "h2", "max_steps": -1}, "max_steps"),
        ({"molecule": "h2", "mapping": "x"}, "mapping: input should be 'jordan-wigner'"),
        ({"molecule": "h2", "measurement": {"grouping": "x"}}, "measurement.grouping"),
        ({"molecule": {"name": "h2", "set": {"bond": float("nan")}}}, "finite"),
        ({"molecule": 3}, "molecule"),
        ({"molecule": "h2", "budget": {"shots": 0}}, "budget.shots"),
    ],
)
def test_mistakes_take_one_line(data, message):
    with pytest.raises(InputError, match=message) as caught:
        make_experiment(data)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("a = ", "not valid TOML"), ("a = " + "[" * 3000, "not valid TOML"), ("\xff\xfe", "TOML")],
)
def test_malformed_files(text, message, tmp_path):
    path = tmp_path / "x.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=message):
        read_experiment_file(path)
    with pytest.raises(InputError, match="cannot read"):
        read_experiment_file(tmp_path / "none.toml")
    path.write_text("#" * (2 << 20))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        read_experiment_file(path)


def test_options_mean_what_the_file_means(tmp_path):
    path = tmp_path / "e.toml"
    path.write_text(
        'seed = 4\n[molecule]\nname = "lih"\nset = { bond = 2.0 }\n'
        '[optimizer]\nname = "adam"\nlearning_rate = 0.1\n'
    )
    options = {"seed": 4, "optimizer": "adam"}
    same = experiment_data(
        "lih", options, ["bond=2.0", "optimizer.learning_rate=0.1"], active_space=None
    )
    assert make_experiment(same) == make_experiment(experiment_data(str(path), {}, [], None))
    other = make_experiment(experiment_data(str(path), {"optimizer": "spsa"}, [], "2,3"))
    assert other.optimizer_spec.options == {}  # Adam's learning rate is not SPSA's
    assert other.molecule.active_space.electrons == 2
    for bad in ("bond", "=3"):
        with pytest.raises(InputError, match="KEY=VALUE"):
            experiment_data("lih", {}, [bad], None)
    with pytest.raises(InputError, match="ELECTRONS,ORBITALS"):
        experiment_data("lih", {}, [], "two")


def test_a_molecule_file_beside_the_experiment(tmp_path):
    (tmp_path / "mine.xyz").write_text("2\n\nH 0 0 0\nH 0 0 0.7\n")
    path = tmp_path / "e.toml"
    path.write_text('molecule = "mine.xyz"\n')
    data = experiment_data(str(path), {}, [], None)
    assert data["molecule"] == {"name": str(tmp_path / "mine.xyz")}
    (tmp_path / "mol.toml").write_text('geometry = "H 0 0 0; H 0 0 0.7"\n')
    assert experiment_data(str(tmp_path / "mol.toml"), {}, [], None) == {
        "molecule": str(tmp_path / "mol.toml")
    }


@pytest.mark.parametrize("key", ["molecule.occupied", "molecule.active_space.labels", "start",
                                 "mitigation.zne.scales"])  # fmt: skip
def test_a_list_is_called_a_list(key):
    data = {"molecule": {"name": "h2"}}
    put(data, key.split("."), 3)
    with pytest.raises(InputError, match="must be a list, got 3") as refusal:
        make_experiment(data)
    assert "tuple" not in str(refusal.value)


def test_a_number_for_indices_of_orbitals_names_the_key_for_numbers(tmp_path):
    space = {"electrons": 2, "orbitals": 3}
    wanted = "orbitals are indices, such as .1, 2.; use n_orbitals = 3 for a number"
    with pytest.raises(InputError, match=wanted):
        make_experiment({"molecule": {"name": "lih", "active_space": space}})
    file = tmp_path / "m.toml"
    file.write_text("geometry = 'Li 0 0 0; H 0 0 1.6'\n[active_space]\nelectrons = 2\norbitals = 3")
    with pytest.raises(InputError, match=wanted.removeprefix("orbitals are ")):
        find_molecule(file)
    both = ActiveSpace(frozen_core=1, electrons=2, n_orbitals=3)
    with pytest.raises(InputError, match="electrons with n_orbitals or orbitals"):
        build_hamiltonian(find_molecule("lih", active_space=both))
