"""Labels with every character that some medium takes for markup."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pandas as pd
import pytest

from qvopt.cli.output import print_table
from qvopt.comparison.report import write_report
from qvopt.comparison.report.text import escape_markdown, latex_escape
from qvopt.comparison.summarize import summarize
from qvopt.comparison.sweep import Sweep
from qvopt_molecules.errors import InputError

NASTY = [r"a\b", r"\1 \g<0>", "_x_", "$a_b$ $", "[/red] [bold]", "<b>&amp;", "{} %d %", "=1+1"]


@pytest.fixture(scope="module")
def report(synthetic, tmp_path_factory):
    """The report of optimizers and a problem with nasty labels, options varied."""
    folder = tmp_path_factory.mktemp("nasty")
    runs = synthetic(("H2",), len(NASTY), 6, 20)
    labels = dict(zip(dict.fromkeys(r.optimizer for r in runs), NASTY, strict=True))
    runs = [
        replace(r, optimizer=labels[r.optimizer], problem=r"_p\1 $x_y$", options={"rate": r.seed})
        for r in runs
    ]
    write_report(folder, runs, summarize(runs), {"title": r"\t $x$", "reproduce": r"a \b"})
    return folder


def test_pictures_show_labels_as_they_are(report):
    texts = {}
    for path in (report / "figures").glob("*.svg"):
        root = ET.parse(path).getroot()
        texts[path.stem] = ["".join(t.itertext()).strip() for t in root.iter() if "text" in t.tag]
    for name in ("seeds-1", "wins", "costs", "final-errors"):
        assert set(NASTY) <= set(texts[name]), name
    assert r"_p\1 $x_y$" in texts["convergence-1"]
    assert r"_p\1 $x_y$" in texts["sensitivity"]


def test_the_page_shows_labels_as_they_are(report):
    text = (report / "report.html").read_text()
    assert "<b>" not in text
    assert r"a\b" in text
    assert "&lt;b&gt;&amp;amp;" in text


def test_tables_read_back_with_the_labels(report):
    names = set(pd.read_parquet(report / "tables" / "runs.parquet").optimizer)
    assert names == set(NASTY)
    names = set(pd.read_csv(report / "tables" / "runs.csv").optimizer)
    assert names == {f"'{n}" if n.startswith("=") else n for n in NASTY}


def test_markup_languages_see_none():
    assert latex_escape(r"$a_b\1") == r"\$a\_b\textbackslash{}1"
    assert latex_escape("[2em]") == "{[}2em{]}"
    assert escape_markdown("$a_b$ [x](y) ~z~") == r"\$a\_b\$ \[x\](y) \~z\~"


def test_a_terminal_shows_labels_as_they_are(capsys):
    print_table([{"optimizer": name, "x": 1} for name in [*NASTY, ":smile:"]])
    said = capsys.readouterr().out
    assert all(name in said for name in [*NASTY, ":smile:"])


@pytest.mark.parametrize("label", ["a\nb", "a\x00", "a\u2028b", "\x1b[31m", "a\u202eb"])
def test_invisible_characters_are_refused_in_one_line(small, label):
    with pytest.raises(InputError, match="holds") as caught:
        Sweep.prepare(small(optimizers=[{"name": "adam", "label": label}]), None)
    assert str(caught.value).isprintable()
    with pytest.raises(InputError, match="visible") as caught:
        Sweep.prepare(small(problems=[{"molecule": "h2", "label": label}]), None)
    assert "\n" not in str(caught.value)
