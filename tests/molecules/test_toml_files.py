"""Mistakes in TOML files are told in one line of plain words, with the line that is wrong."""

import pytest

from qvopt.comparison.problem_data import read_comparison
from qvopt.experiment.toml_text import read_experiment_file
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.toml_files import parse_toml


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            'problems = ["h2"]\n\n[[problems]]\nmolecule = "h2"',
            "line 3: problems is written in two",
        ),
        ("a = {b = 1}\na.c = 2\n", "line 2: a is written in two ways"),
        ("a = {b = 1}\n[a.c]\nd = 1", "line 2: [a.c] comes after a.c was given already"),
        ("[a]\nx = 1\n[a]\ny = 1", "line 3: [a] comes after a was given already"),
        ("[[a]]\nx = 1\n[a]\ny = 1", "line 3: [a] comes after a was given already"),
        ("a = 1\n[a]\nb = 2", "line 2, '[a]', gives a key that has a value already"),
        ("seeds = 1\nseeds = 2\n\n", "line 2, 'seeds = 2', gives a key that has a value"),
        ('a = "x\nb = 1', "a text ends with quotes on its line"),
        ("a = yes", "Invalid value (at line 1, column 5)"),
        ("a = [1", "line 1"),
        ("a =", "line 1"),
    ],
)
def test_mistakes_are_in_plain_words(tmp_path, text, words):
    file = tmp_path / "mistake.toml"
    file.write_text(text)
    for read in (read_experiment_file, read_comparison, find_molecule):
        with pytest.raises(InputError) as raised:
            read(file)
        message = str(raised.value)
        assert "mistake.toml is not valid TOML: " in message
        assert words in message
        assert "\n" not in message
        assert "utable" not in message
        assert "namespace" not in message


def test_what_is_right_is_read():
    assert parse_toml("[a]\nb = 1", "a file") == {"a": {"b": 1}}
    deep = "a = " + "[" * 100_000
    with pytest.raises(InputError, match="nested too deeply"):
        parse_toml(deep, "a file")
