"""Help texts: nothing that they say is swallowed, and every option names its default."""

import re

import pytest
import typer
import typer.testing
from command_line import command_line
from slow_cases import rest_slow

import qvopt.cli.command_line  # noqa: F401  registers the commands
from qvopt import make_experiment
from qvopt.cli.app import app

ROOT = typer.main.get_command(app)
COMMANDS = sorted(ROOT.commands)


def letters(text):
    """A text without the frames, line breaks and spaces that its layout puts in."""
    return re.sub(r"[\s│╭╮╰╯─]+", "", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_says_all_that_is_written(command):
    done = command_line(command, "--help")
    assert done.returncode == 0
    words = re.findall(r"\S+", re.sub(r"[│╭╮╰╯─]", " ", done.stdout))
    for parameter in ROOT.commands[command].params:
        for word in parameter.help.replace("\\[", "[").split():
            assert word in words, (parameter.name, word)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_names_its_default(command):
    text = letters(command_line(command, "--help", env={"COLUMNS": "140"}).stdout)
    for parameter in ROOT.commands[command].params:
        if parameter.param_type_name == "argument" or parameter.is_flag:
            continue
        described = letters(parameter.help.replace("\\[", "["))
        assert parameter.opts[0] in text
        assert f"{described}[default:" in text, parameter.name


def test_the_defaults_are_those_of_an_experiment():
    text = letters(command_line("run", "--help", env={"COLUMNS": "140"}).stdout)
    exact = make_experiment({"molecule": "h2"}).document()
    sampled = make_experiment({"molecule": "h2", "shots": 1}).document()
    spoken = {
        "ansatz": exact["ansatz"]["name"],
        "backend": exact["backend"]["name"],
        "optimizer": f"{exact['optimizer']['name']}(recycled-bfgsforadapt);"
        f"{sampled['optimizer']['name']}with--shots;adamonhardwarewithoutabudget",
        "seed": exact["seed"],
        "max-steps": exact["max_steps"],
        "mapping": exact["mapping"],
        "allocation": exact["measurement"]["allocation"],
    }
    for option, default in spoken.items():
        shown = re.search(rf"--{option}(?:<str>|N).*?\[default:\((.*?)\)\]", text)
        assert shown[1] == str(default), option


def test_brackets_survive_in_help_and_in_tables(capsys):
    """`[this]` is no markup, in whatever text of ours it stands."""
    from qvopt.cli.tables import print_table

    own = typer.Typer(cls=app.info.cls)

    @own.command()
    def one(size: int = typer.Option(3, help="Size [in metres], as pip install '.[ibm]'.")):
        """Do [nothing] at all."""

    @own.command()
    def two():
        """Another."""

    help_text = typer.testing.CliRunner().invoke(own, ["one", "--help"], env={"COLUMNS": "100"})
    assert "Size [in metres], as pip install '.[ibm]'." in help_text.output
    assert "Do [nothing] at all." in help_text.output
    print_table([{"check": "[bold]x[/bold]", "found": "pip install '.[ibm]'"}])
    printed = capsys.readouterr().out
    assert "[bold]x[/bold]" in printed
    assert "pip install '.[ibm]'" in printed


def test_doctor_names_a_cure_that_can_be_typed(monkeypatch):
    import importlib.metadata

    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    done = command_line("doctor")
    for extra in ("ibm", "braket", "ionq", "mitigation"):
        assert f"pip install '.[{extra}]'" in done.stdout


def test_completion_is_on():
    done = command_line("--help")
    assert "--install-completion" in done.stdout


@pytest.mark.parametrize("columns", rest_slow(["60", "80", "200"], ["60"]))
@pytest.mark.parametrize(
    "what", ["molecules", "ansatze", "optimizers", "backends", "groupings", "mitigations"]
)
def test_tables_break_no_word(what, columns):
    """Every word of the table is in one piece on one line, in a pipe as in a terminal."""
    import json

    rows = json.loads(command_line("list", what, "--json").stdout)
    for terminal in ({}, {"FORCE_COLOR": "1"}):
        done = command_line("list", what, env={"COLUMNS": columns, **terminal})
        text = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)
        words = set(text.split())
        if terminal:
            assert max(map(len, text.splitlines())) <= int(columns)
        for row in rows:
            assert row["name"] in words
            for key in ("family", "description", "title", "cost"):
                assert set(str(row.get(key) or "").split()) <= words, (row["name"], key)
