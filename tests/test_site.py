"""The documentation's site: generated pages are complete, and it builds without a warning."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from qvopt.cli.app import app
from qvopt.experiment.meanings import MEANINGS
from qvopt.optimizers.registry import describe, optimizer_names

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def site():
    """The package that makes the generated pages."""
    sys.path.insert(0, str(DOCS))
    try:
        from _site import docstrings, experiment_file, links, markdown, pages
    finally:
        sys.path.remove(str(DOCS))
    return {m.__name__.rpartition(".")[2]: m for m in
            (docstrings, experiment_file, links, markdown, pages)}  # fmt: skip


@pytest.fixture(scope="module")
def pages(site):
    return dict(site["pages"].all_pages(DOCS.parent))


def test_each_option_of_each_command_is_shown(pages):
    text = pages["parts/command-line.md"]
    commands = typer.main.get_command(app).commands
    assert set(commands) == set(re.findall(r"^## (\S+)$", text, re.M))
    for name, command in commands.items():
        section = re.split(rf"^## {name}$", text, flags=re.M)[1].split("\n## ")[0]
        for parameter in command.params:
            for option in parameter.opts:
                assert option.startswith("-") is False or option in section, (name, option)


def test_each_key_of_an_experiment_has_a_meaning(site, pages):
    text = pages["parts/experiment-file.md"]
    paths = []
    for heading, body in re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.S | re.M):
        table = heading.strip("`[]") + "." if heading.startswith("`") else ""
        for key, kind, default, _, meaning in re.findall(
            r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|$", body, re.M
        ):
            paths.append(table + key)
            assert kind, table + key
            assert meaning, table + key
            assert default or kind == "table", table + key
    assert {"molecule.active_space.labels", "measurement.shots", "budget.money"} <= set(paths)
    assert set(paths) <= set(MEANINGS)


def test_each_registered_name_is_shown(pages):
    from qvopt.cli.entries import ENTRIES
    from qvopt.cli.listing import _ROWS

    for kind in ENTRIES:
        for row in _ROWS[kind]():
            assert re.search(rf"^#+ {re.escape(row['name'])}$", pages[f"reference/{kind}.md"], re.M)


def test_each_hyper_parameter_is_shown(pages):
    for name in optimizer_names():
        section = pages["reference/optimizers.md"].split(f"(optimizer-{name})=")[1]
        section = section.split("\n(optimizer-")[0]
        for option in describe(name).defaults:
            assert f"| `{option}` |" in section, (name, option)


def test_each_notebook_and_each_example_has_a_page(pages):
    examples = DOCS.parent / "examples"
    for path in examples.glob("notebooks/*.ipynb"):
        assert f"tutorials/{path.stem}.md" in pages
        assert path.stem in pages["tutorials/index.md"]
    for path in [*examples.glob("*.py"), *examples.glob("*/*.toml")]:
        folder = "scripts" if path.parent == examples else path.parent.name
        assert path.read_text().strip() in pages[f"examples/{folder}.md"]


def test_docstrings_become_restructured_text(site):
    lines = [
        "Step: x <- x - η g* |g|.",
        "",
        "    E = a_1*b|c",
        "",
        "Args:",
        "    x: `n*m` _p_.",
    ]
    assert site["docstrings"].converted(lines) == [
        r"Step: x <- x - η g\* \|g\|.", "", "::", "", "    E = a_1*b|c", "", "Args:",
        r"    x: ``n*m`` _p\_.",
    ]  # fmt: skip


def test_links_to_examples_lead_to_their_pages(site):
    import doctest

    assert doctest.testmod(site["links"]).attempted == 2
    assert doctest.testmod(site["links"]).failed == 0
    source = [
        "See [a](../../examples/curve.py), [b](../../examples/notebooks/2_own_molecule.ipynb)."
    ]
    site["links"].rewrite_links(None, "how-to/page", source)
    assert source == [
        "See [a](../generated/examples/scripts.md#scripts-curve-py), "
        "[b](../generated/examples/../tutorials/2_own_molecule.md)."
    ]


def test_pages_are_left_alone_or_removed(site, tmp_path, monkeypatch):
    module = site["pages"]
    monkeypatch.setattr(module, "all_pages", lambda root: [("a/b.md", "text"), ("c.png", b"1")])
    module.write_pages(DOCS, tmp_path)
    written = (tmp_path / "a/b.md").stat().st_mtime_ns
    (tmp_path / "old.md").write_text("of an earlier build")
    module.write_pages(DOCS, tmp_path)
    assert (tmp_path / "a/b.md").stat().st_mtime_ns == written
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"b.md", "c.png"}


@pytest.mark.slow
def test_it_builds_without_a_warning(tmp_path):
    source = tmp_path / "clone"
    shutil.copytree(DOCS, source / "docs", ignore=shutil.ignore_patterns("generated"))
    for name in ("examples", "qvopt", "circuits", "molecules"):
        (source / name).symlink_to(DOCS.parent / name)
    built = tmp_path / "site"
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", source / "docs", built],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert (built / "searchindex.js").stat().st_size > 100_000
    index = (built / "index.html").read_text()
    for page in re.findall(r'href="([\w/.-]+\.html)"', index):
        assert (built / page).exists(), page
    functions = (built / "generated/reference/qvopt.html").read_text()
    assert 'id="qvopt.run"' in functions
