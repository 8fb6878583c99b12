"""Results of two people in one report."""

import json
import sys

import pytest

from qvopt import compare
from qvopt.cli.command_line import run
from qvopt.comparison.merge import merge
from qvopt_molecules.errors import InputError

DATA = {
    "problems": [{"molecule": "h2"}],
    "optimizers": ["adam", "spsa"],
    "shots": 200,
    "budget": 6_000,
    "seeds": 4,
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours") / "a"
    return compare(DATA, out=folder, workers=1)


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """Other seeds of one optimizer, two of which overlap, and one more optimizer."""
    folder = tmp_path_factory.mktemp("theirs") / "b"
    data = DATA | {"optimizers": ["adam", "momentum"], "first_seed": 2, "seeds": 5}
    return compare(data, out=folder, workers=1)


def test_merged_runs_are_those_of_both_and_each_once(ours, theirs, tmp_path):
    result = merge([ours.folder, theirs.folder], tmp_path / "both")
    seeds = result.runs.groupby("optimizer").seed.apply(sorted).to_dict()
    assert seeds == {
        "adam": [0, 1, 2, 3, 4, 5, 6], "momentum": [2, 3, 4, 5, 6], "spsa": [0, 1, 2, 3],
    }  # fmt: skip
    assert result.about["merged"]["repeated"] == 2  # seeds 2 and 3 of Adam
    assert result.about["merged"]["differing"] == 0
    assert result.about["runs"] == {"planned": 16, "ended": 16}
    alone = compare(DATA | {"seeds": 7, "optimizers": ["adam"]}, out=tmp_path / "c", workers=1)
    merged = result.runs[result.runs.optimizer == "adam"].sort_values("seed")
    assert merged.error.tolist() == alone.runs.error.tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"budget": 8_000}, "problem h2 is not the same"),
        ({"problems": [{"molecule": {"name": "h2", "set": {"bond": 1.0}}, "label": "h2"}]},
         "reference is"),
        ({"optimizers": [{"name": "adam", "learning_rate": 0.01}]}, "learning_rate is"),
        ({"optimizers": [{"name": "spsa", "label": "adam"}]}, "name is"),
        ({"optimizers": [{"name": "adam", "shots": 300}], "shots": 200}, "shots is"),
    ],
)  # fmt: skip
def test_a_label_means_one_thing(ours, tmp_path, change, words):
    other = compare(DATA | {"seeds": 1} | change, out=tmp_path / "other", workers=1)
    with pytest.raises(InputError, match="give one of them another label") as caught:
        merge([ours.folder, other.folder], tmp_path / "both")
    assert words in str(caught.value)
    assert not (tmp_path / "both").exists()


def test_nothing_else_is_written_over(ours, theirs, tmp_path):
    with pytest.raises(InputError, match="holds something else"):
        merge([ours.folder, theirs.folder], ours.folder)
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="holds something else"):
        merge([ours.folder, theirs.folder], tmp_path)
    merge([ours.folder, theirs.folder], tmp_path / "both")
    merge([ours.folder, theirs.folder], tmp_path / "both")  # again, into the same
    with pytest.raises(InputError, match="two comparisons or more"):
        merge([ours.folder], tmp_path / "one")


def test_the_command_merges_and_refuses_what_would_run(ours, theirs, tmp_path, monkeypatch, capsys):
    def qvopt(*arguments):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", ["qvopt", "compare", *map(str, arguments)])
        code = run(["compare", *map(str, arguments)])
        return code, *capsys.readouterr()

    folders = (ours.folder, theirs.folder)
    code, out, err = qvopt(*folders, "--merge", "--no-report", "--json")
    assert code == 0
    assert json.loads(out)["runs"] == {"planned": 16, "ended": 16}
    assert "2 runs were in several folders and count once" in err
    assert (tmp_path / "comparisons" / "merged-a+b" / "merged.json").is_file()
    code, _, err = qvopt(*folders, "--merge", "--seeds", "3")
    assert (code, "leave out --seeds" in err) == (2, True)
    code, _, err = qvopt(*folders)
    assert (code, "--merge reports several" in err) == (2, True)
