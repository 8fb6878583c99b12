"""Every table of docs/ with numbers says what made it, or is on the list of those nobody measured.

A table that a script makes stands between `<!-- name -->` marks with a line that names the command,
the version and the hash of the sources (`benchmarks/published.py`). Parts of them are made again by
the slow tests of `test_published_tables.py`.
"""

import re
import shlex
from pathlib import Path

import pytest
import typer
from published_pages import EARLIER, ROOT, STAMP, blocks, figures, made_by, pages

import qvopt.cli.command_line  # noqa: F401  registers the commands
from qvopt.cli.app import app

COMMANDS = typer.main.get_command(app).commands
NOT_MEASURED = {  # page, first line of the table: why
    ("ansatze.md", "| pool | operators | runs on |"): "sizes by construction",
    ("chemistry.md", "| | for spins |"): "names",
    ("features.md", "| | |"): "names and limits",
    ("features.md", "| example | what it shows |"): "names",
    ("guarantees.md", "| event | what happens | checked by |"): "exit codes",
    ("hardware.md", "| key of `[backend]` | what it does |"): "values of options",
    ("hardware.md", "| vendor | environment | file, mode 0600 |"): "names",
    ("measurement.md", "| rule | energies | bias | variance × shots, over that of an energy |"):
        "formulas",
    ("mitigation.md", "| mitigation | manila | guadalupe | sherbrooke |"):
        "printed by tests/engine/test_auto_mitigation.py, which holds its claim",
    ("objects.md", "| object | what is minimised |"): "names",
    ("objects.md", "| | |"): "names",
    ("optimizers.md", "| you have | take | why |"): "advice",
    ("optimizers.md", "| rule | here | elsewhere |"): "definitions",
    ("report.md", "| word | what it is |"): "words of a glossary",
    ("results.md", "| you want | take |"): "repeats the tables below it: a test compares",
}  # fmt: skip

UNMARKED = [f for name in pages() for f in figures(name) if f.block is None]
MARKED = [(name, part) for name in pages() for part in blocks(name)]


def test_tables_with_numbers_say_what_made_them():
    missing = [(f.page, f.head) for f in UNMARKED if (f.page, f.head) not in NOT_MEASURED]
    assert not missing, "put it between marks (benchmarks/published.py), or on the list above"


@pytest.mark.parametrize(("name", "head"), NOT_MEASURED, ids=lambda text: text[:30])
def test_the_list_names_tables_that_are_there(name, head):
    assert head in {f.head for f in figures(name)}


@pytest.mark.parametrize(("name", "part"), MARKED)
def test_marked_parts_name_their_command(name, part):
    text = blocks(name)[part]
    stamps, earlier = re.findall(STAMP, text), re.findall(EARLIER, text)
    assert len(stamps) + len(earlier) == 1, "one line says what made it"
    program, *arguments = shlex.split(made_by(text))
    if program == "qvopt":
        assert arguments[0] in COMMANDS
        assert all((ROOT / a).exists() for a in arguments if "/" in a)
        return
    assert program == "python"
    script = ROOT / arguments[0]
    assert script.exists()
    # The script that fills this part says so, or a module beside it does.
    sources = "".join(p.read_text(encoding="utf-8") for p in script.parent.glob("*.py"))
    assert "--write" in arguments or script.name == "results.py"
    assert name in sources
    assert f'"{part}"' in sources or f'"{part}.png"' in sources or part == script.stem


def test_a_table_without_a_stamp_is_noticed(monkeypatch, tmp_path):
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    monkeypatch.setattr("published_pages.ROOT", tmp_path)
    table = "| x | y |\n|---|---|\n| a | 1.5 |\n"
    fence = "```\na 1.5\nb 2.5\n```\n"
    for text, count in ((f"Text.\n\n{table}\n", 1), (f"Text.\n\n{fence}\n", 1),
                        (f"Text.\n\n{table}\n{fence}\n", 2),
                        ("| a | H2 |\n|---|---|\n| `1.5` | [2.5](x3.md) |\n", 0),
                        ("```\nqvopt run h2 --shots 100\nqvopt run h2 --shots 200\n```\n", 0),
                        ("```python\na = 1.5\nb = 2.5\n```\n", 0)):  # fmt: skip
        page.write_text(text)
        assert len(list(figures("page.md"))) == count, text
        assert all(f.block is None for f in figures("page.md"))
    page.write_text(f"<!-- part -->\n{table}\n<!-- /part -->\n")
    (only,) = figures("page.md")
    assert only.block == "part"


def test_pages_are_renewed_between_their_marks(monkeypatch, scripts, tmp_path):
    published = scripts.load(Path(ROOT) / "benchmarks" / "published.py")
    monkeypatch.setattr(published, "DOCS", tmp_path)
    (tmp_path / "page.md").write_text("before\n<!-- a -->\nold\n<!-- /a -->\nafter\n")
    published.renew("page.md", "a", "| x |\n|---|\n| 1 |\n", "python benchmarks/x.py --write")
    text = (tmp_path / "page.md").read_text()
    assert text.startswith("before\n<!-- a -->\n| x |")
    assert text.endswith("<!-- /a -->\nafter\n")
    assert re.search(STAMP, text)[1] == "python benchmarks/x.py --write"
    with pytest.raises(SystemExit, match="no part called b"):
        published.renew("page.md", "b", "", "")


def test_what_a_script_prints_is_written_with_its_command(monkeypatch, scripts, tmp_path, capsys):
    published = scripts.load(ROOT / "benchmarks" / "published.py")
    monkeypatch.setattr(published, "DOCS", tmp_path / "docs")
    (tmp_path / "docs").mkdir()
    path = tmp_path / "docs" / "page.md"
    path.write_text("<!-- a -->\n<!-- /a -->\n")
    script = tmp_path / "benchmarks" / "x.py"
    monkeypatch.setattr("sys.argv", [str(script), "--size", "8 9", "--write"])
    with published.printed(False, "page.md", "a"):
        print("1.5")
    assert path.read_text() == "<!-- a -->\n<!-- /a -->\n"
    with published.printed(True, "page.md", "a"):
        print("2.5")
    assert (
        "```\n2.5\n```\n\nMade by `python benchmarks/x.py --size '8 9' --write`" in path.read_text()
    )
    assert capsys.readouterr().out == "1.5\n2.5\n"
