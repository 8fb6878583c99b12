"""Every command line of README and docs: its options exist, and it runs as it is written."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from command_line import command_line

import qvopt.cli.command_line  # noqa: F401  registers the commands
from qvopt.cli.app import app

ROOT = Path(__file__).resolve().parent.parent
SITE = (p.relative_to(ROOT) for p in ROOT.glob("docs/**/*.md") if "generated" not in p.parts)
PAGES = ["README.md", "CONTRIBUTING.md", *sorted(map(str, SITE))]
COMMANDS = typer.main.get_command(app).commands
ACCOUNT = "needs an account at a vendor"
OTHERS = "needs folders or a queue of somebody else"

# What cannot run here, by the words that give it away; its options are checked all the same.
ELSEWHERE = {
    "<device>": ACCOUNT,
    "braket:": ACCOUNT,
    "ionq:": ACCOUNT,
    "--live": ACCOUNT,
    "slurm.toml": OTHERS,
    "mine theirs": OTHERS,
    " lih.toml": OTHERS,
    "compare lih ": OTHERS,
    "--ansatz pairs": "is run by tests/test_plugins.py",
    "ansatz.layer=2": "is an example of a mistake",
    "validate plain": "is run by tests/test_plugins.py",
    "examples/papers": "takes hours; the specification is checked by tests/examples",
    "compare examples/compare/lih.toml --out lih": "takes an hour",
    "compare examples/compare/lih.toml": "takes an hour",
}
# A second or two each; all others run with the slow tests.
QUICK = (
    "run h2 --shots 1000 --optimizer adam --seed 3",
    "run lih --set bond=2.0",
    "show runs/",
    "list ",
    "properties runs/",
    "doctor",
    "status",
    "run hubbard --set sites=6 --set u=4",
    "excited h2",
    "run hcn.toml",
)


def of_page(page):
    """(command, whether its page shows it as one to type) in order, without comments."""
    text = (ROOT / page).read_text()
    typed = [c for block in re.findall(r"^```\n(.*?)^```", text, re.S | re.M) for c in lines(block)]
    typed += [c for c in lines(re.sub(r"^    ", "", text, flags=re.M)) if c not in typed]
    inline = [c for menu in re.findall(r"`(qvopt [a-z][^`]*)`", text) for c in menu.split(" · ")]
    return [(c, True) for c in typed] + [(c, False) for c in inline if c not in typed]


def lines(block):
    block = re.sub(r"\\\n\s*", "", block)  # a line that goes on
    found = [re.sub(r"\s+#.*", "", line).strip() for line in block.splitlines()]
    parts = [part.strip() for line in found for part in line.split(" && ")]
    return [part for part in parts if re.match(r"qvopt [a-z]", part)]


WRITTEN = [(page, command) for page in PAGES for command, _ in of_page(page)]


def stands_for_others(command):
    """Whether a word is a placeholder: RUN, NAME, KEY=VALUE, …"""
    return bool(re.search(r"\b(RUN|NAME|FOLDER|MOLECULE|DEVICE|COMPARISON|KEY)\b|…|<", command))


def excuse(command):
    return next((why for words, why in ELSEWHERE.items() if words in command), None)


@pytest.mark.parametrize("page", PAGES)
def test_options_exist(page):
    for command, _ in of_page(page):
        check_options(command)


def check_options(command):
    name, *arguments = shlex.split(command)[1:]
    assert name in COMMANDS, command
    known = {o for p in COMMANDS[name].params for o in (*p.opts, *p.secondary_opts)}
    options = [a.partition("=")[0] for a in arguments if re.match(r"--?[a-z]", a)]
    if name != "scan":  # takes --NAME of any parameter
        assert set(options) <= known, command


@pytest.mark.parametrize("page", PAGES)
def test_shells_leave_brackets_alone(page):
    """zsh takes an unquoted [2,3] for a pattern, and fails."""
    text = (ROOT / page).read_text()
    settings = re.findall(r"(?:--set|pip install) +('[^']*'|\"[^\"]*\"|[^\s`]+)", text)
    for word in [*settings, *(w for c, _ in of_page(page) for w in c.split())]:
        assert word[0] in "'\"" or not re.search(r"[\[\]{}*?]", word), word


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder that looks like a clone, and where runs that pages go on with were begun."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "examples").symlink_to(ROOT / "examples")
    hcn = re.search(
        r"```toml\n# hcn.toml\n(.*?)```", (ROOT / "docs/chemistry.md").read_text(), re.S
    )
    (folder / "hcn.toml").write_text(hcn[1])
    three = re.search(r"```toml\n(.*?)```", (ROOT / "docs/how-to/compare.md").read_text(), re.S)
    (folder / "three.toml").write_text(three[1])
    (folder / "problem.txt").write_text("0.5 XXI\n-1 IZZ\n")
    (folder / "edges.txt").write_text("0 1\n1 2\n2 0\n2 3\n")
    (folder / "water.xyz").write_text("3\nwater\nO 0 0 0.12\nH 0 0.757 -0.467\nH 0 -0.757 -0.467\n")
    begun = command_line("run", "h2", "--shots", "1000", "--optimizer", "adam", "--seed", "3",
                         "--max-steps", "3", "-q", cwd=folder)  # fmt: skip
    assert begun.returncode == 0, begun.stderr
    return folder


def runnable():
    seen = {}
    for page, command in WRITTEN:
        arguments = shlex.split(command)[1:]
        mention = len(arguments) == 1 and arguments[0] not in ("doctor", "status")
        if not (mention or stands_for_others(command) or excuse(command)):
            seen.setdefault(command, page)
    for command, page in seen.items():
        quick = any(command.removeprefix("qvopt ").startswith(start) for start in QUICK)
        yield pytest.param(
            command, id=f"{page}: {command}", marks=[] if quick else pytest.mark.slow
        )


@pytest.mark.parametrize("command", list(runnable()))
def test_it_runs_as_written(command, clone):
    arguments = shlex.split(command)[1:]
    if arguments[0] == "compare" and arguments[1].startswith("comparisons/"):
        begun = command_line("compare", "examples/compare/h2.toml", "-q", "--seeds", "2", cwd=clone)
        assert begun.returncode == 0, begun.stderr
    done = command_line(*arguments, cwd=clone)
    assert done.returncode == 0, (done.stdout[-2000:], done.stderr[-2000:])
    assert done.stdout


def test_excuses_are_needed():
    for words in ELSEWHERE:
        assert any(words in command for _, command in WRITTEN), words
    for start in QUICK:
        assert any(c.removeprefix("qvopt ").startswith(start) for _, c in WRITTEN), start
