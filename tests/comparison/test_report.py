"""The report: its files, its words, and that nothing in it is taken as markup."""

import csv
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import pandas as pd
import pytest

from qvopt.comparison.report import write_report
from qvopt.comparison.report.about import optimizers_table, rules, tuning_text
from qvopt.comparison.report.findings import findings
from qvopt.comparison.report.numbers import between, p_value, thousandths
from qvopt.comparison.report.tables import Table, paired_table, results_table, values
from qvopt.comparison.report.text import latex_escape, latex_table, write_csv
from qvopt.comparison.summarize import summarize
from qvopt.comparison.summary import Interval
from qvopt_molecules.errors import InputError

EVIL = "<script>alert(1)</script> & \"x\" 'y' _z_ |a| %$#\\"


ABOUT = {
    "title": EVIL,
    "command": ["qvopt", "compare", "my file.toml"],
    "file": f"title = '{EVIL}'",
    "environment": {"cpu": EVIL, "versions": {"qvopt": "1.0"}},
    "optimizers": {"icans": {"name": "icans", "family": EVIL, "options": {"a": 1.5}}},
}


@pytest.fixture(scope="module")
def runs(synthetic):
    return [replace(r, problem=f"{r.problem} {EVIL}") for r in synthetic(("H2",), 3, 6, 20)]


@pytest.fixture(scope="module")
def written(runs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    return folder, write_report(folder, runs, summarize(runs), ABOUT)


class Elements(HTMLParser):
    """Every start tag of a page, and the text of its cells."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_the_page_takes_nothing_for_markup_and_loads_nothing(written):
    _, page = written
    text = page.read_text()
    elements = Elements(text).found
    tags = [t for t, _ in elements]
    assert tags.count("script") == 1  # ours, which the policy allows by its hash
    assert not {"img", "iframe", "object", "base", "b"} & set(tags)
    for _, attributes in elements:
        assert not [k for k in attributes if k.startswith("on") or k in ("style", "src")]
        for key in ("href", "xlink:href"):
            assert attributes.get(key, "#").startswith(("#", "data:,"))
    policy = next(a["content"] for t, a in elements if a.get("http-equiv"))
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert not re.search(r"url\((?!#)", text)
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_every_file_is_there(written):
    folder, page = written
    assert page == folder / "report.html"
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    for table in ("ranking", "targets", "final_errors", "tests", "detectable", "runs"):
        assert f"tables/{table}.csv" in names
        assert f"tables/{table}.parquet" in names
    tex = ("ranking", "results-1", "targets-1", "final_errors", "tests", "detectable")
    assert {f"tables/{table}.tex" for table in tex} <= names
    for table in tex:
        text = (folder / f"tables/{table}.tex").read_text()
        assert r"\toprule" in text
        assert len(re.findall(r"(?m)^  .*\\\\$", text)) >= 2  # headings and a row
    assert {"report.md", "figures/wins.svg", "figures/wins.pdf"} <= names


def test_tables_read_back(written):
    folder, _ = written
    text = pd.read_csv(folder / "tables/tests.csv")
    binary = pd.read_parquet(folder / "tables/tests.parquet")
    pd.testing.assert_frame_equal(text, binary)
    assert len(pd.read_csv(folder / "tables/runs.csv")) == 18


def test_markdown_holds_its_tables(written):
    folder, _ = written
    text = (folder / "report.md").read_text()
    assert "<script" not in text.split("## How to")[0]
    rows = [line for line in text.splitlines() if line.startswith("| icans")]
    assert rows
    assert all(len(re.findall(r"(?<!\\)\|", row)) > 3 for row in rows)
    assert "qvopt compare 'my file.toml'" in text


@pytest.mark.slow
def test_the_same_runs_give_the_same_bytes(written, runs, tmp_path):
    write_report(tmp_path, runs, summarize(runs), ABOUT)
    first, second = (
        {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
        for folder in (written[0], tmp_path)
    )
    assert first == second


def test_latex_is_escaped_and_aligned():
    table = Table("t", "α_β & 5 %", ("a", "b"), (("x_1", "∞"), ("y^2", "1–2")), strong={1})
    text = latex_table(table)
    assert r"\caption{α\_β \& 5 \%}" in text
    assert r"  x\_1 & $\infty$ \\" in text
    assert r"  \textbf{y\textasciicircum{}2} & 1--2 \\" in text
    assert text.count(r"\toprule") == text.count(r"\midrule") == text.count(r"\bottomrule") == 1
    assert r"\begin{tabular}{lr}" in text
    assert latex_escape("\\") == r"\textbackslash{}"


def test_csv_cannot_be_a_formula(tmp_path):
    write_csv(tmp_path / "t.csv", [{"a": "=1+1", "b": float("nan")}, {"b": float("inf")}])
    rows = list(csv.reader(io.StringIO((tmp_path / "t.csv").read_text())))
    assert rows == [["a", "b"], ["'=1+1", ""], ["", "inf"]]


def test_numbers_in_words():
    assert thousandths(1.6e-3) == "1.60"
    assert thousandths(-2.5e-4) == "−0.250"
    assert thousandths(float("inf")) == "∞"
    assert thousandths(float("nan")) == "–"
    assert thousandths(0.0) == "0"
    assert p_value(1e-9) == "< 0.0001"
    assert between(Interval(float("-inf"), float("inf"))) == "–"


def test_the_rules_say_what_holds():
    assert "None was tuned" in tuning_text({})
    tuning = {"trials": 8, "seeds": 2, "problems": ["H4"], "shots": 1e7}
    both = {"a": {"tuned": True}, "b": {"tuned": True}}
    said = tuning_text({"tuning": tuning, "optimizers": both})
    assert said.startswith("All were tuned with equal effort. 8 settings")
    assert "10M shots" in said
    one = {"a": {"tuned": True}, "b": {"tuned": False}}
    assert tuning_text({"tuning": tuning, "optimizers": one}).startswith(
        "Not equal: a was tuned, b was not"
    )


def test_hyper_parameters_are_as_in_a_file_and_say_how_a_run_ends(synthetic):
    options = {"expected_error": None, "learn_curvature": True, "shrink": 0.7}
    runs = [replace(r, options=options) for r in synthetic(("H2",), 1, 2)]
    table = optimizers_table({}, runs, ["icans"])
    text = "expected_error = none, learn_curvature = true, shrink = 0.7"
    assert table.rows[0][-1] == text
    assert "a run ends by its budget" in table.caption
    assert (
        "ends by its budget"
        not in optimizers_table({}, synthetic(("H2",), 1, 2), ["icans"]).caption
    )


def test_a_single_optimizer_was_tuned():
    tuning = {"trials": 8, "seeds": 2, "problems": ["H4"], "shots": 1e7}
    said = tuning_text({"tuning": tuning, "optimizers": {"a": {"tuned": True}}})
    assert said.startswith("a, the only optimizer, was tuned.")
    two = {"a": {"tuned": False}, "b": {"tuned": False}, "c": {"tuned": True}}
    assert "c was tuned, a and b were not" in tuning_text({"tuning": tuning, "optimizers": two})


def test_missing_runs_are_said(synthetic):
    runs = synthetic(("H2",), 2, 6)
    assert "3 planned runs" in str(rules({"runs": {"planned": 15, "ended": 12}}, runs))
    assert "Every planned run" in str(rules({"runs": {"planned": 12, "ended": 12}}, runs))


def test_findings_do_not_boast(synthetic):
    tied = synthetic(("H2",), 2, 4)  # too few seeds to tell anything
    assert "not significantly different from it" in findings(summarize(tied))[0]
    hard = summarize(synthetic(("H2",), 2, 6), [1e-9])
    assert "no run reached" in findings(hard)[1]


def test_many_problems_are_counted_and_not_listed(synthetic):
    names = tuple(f"P{k}" for k in range(8))
    said = findings(summarize(synthetic(names, 2, 6), [1.6e-3]))
    assert len(said) <= 3
    assert "of 8 problems" in " ".join(said)
    nowhere = findings(summarize(synthetic(names, 2, 6), [1e-9]))
    assert nowhere[1:] == ["No run reached 1e-06 mHa on 8 of 8 problems."]


def test_tables_agree_with_the_summary(synthetic):
    summary = summarize(synthetic())
    table = results_table(summary, "H2", 1)
    assert [row[0] for row in table.rows] == list(summary.order)
    crashed = next(row for row in table.rows if row[0] == "qn-spsa")
    assert crashed[-1] == "2"
    every = values(summary)
    assert len(every["tests"]) == 3 * 45  # over all problems, and on each
    assert len(paired_table(summary).rows) == 3 * 9


def test_what_cannot_be_written_is_one_line(synthetic, tmp_path):
    (tmp_path / "file").write_text("")
    runs = synthetic(("H2",), 2, 3)
    with pytest.raises(InputError, match="cannot write the report"):
        write_report(tmp_path / "file", runs, summarize(runs), {})
