"""Numbers and lists that a release repeats: version, date, dependencies, Python versions."""

import os
import re
import runpy
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def text(path):
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_citation_names_the_latest_release_of_the_changelog():
    headings = re.findall(r"^## (\S+) - (\d{4}-\d\d-\d\d)$", text("CHANGELOG.md"), re.M)
    citation = text("CITATION.cff")
    version = re.search(r"^version: (\S+)$", citation, re.M)[1]
    date = re.search(r"^date-released: (\S+)$", citation, re.M)[1]
    assert (version, date) == headings[0]
    assert len(re.findall(r"^## ", text("CHANGELOG.md"), re.M)) <= len(headings) + 1
    assert f"{version}." in f"{PROJECT['version']}."


@pytest.mark.skipif("RELEASE" not in os.environ, reason="only for a tag")
def test_a_tag_is_of_this_version():
    assert os.environ["RELEASE"] == PROJECT["version"]
    assert re.search(rf"^## {re.escape(PROJECT['version'])} - ", text("CHANGELOG.md"), re.M)
    assert "## Unreleased" not in text("CHANGELOG.md")


def test_the_recipe_needs_what_the_package_needs():
    recipe = text("conda/meta.yaml")
    assert f'version = "{PROJECT["version"]}"' in recipe
    run = recipe.split("  run:\n")[1].split("\ntest:")[0]
    listed = {line.strip("- ").replace("matplotlib-base", "matplotlib")
              for line in run.strip().splitlines()[1:]}  # fmt: skip
    needed = {re.sub(r";.*", "", item).replace(">=", " >=").strip()
              for item in PROJECT["dependencies"]}  # fmt: skip
    assert {" ".join(item.split()) for item in listed} == needed
    assert f'python_min = "{PROJECT["requires-python"].removeprefix(">=")}"' in recipe
    assert all(entry in recipe for entry in ("qvopt.cli:main", PROJECT["license"]))


def test_the_recipe_renders():
    jinja2, yaml = pytest.importorskip("jinja2"), pytest.importorskip("yaml")
    template = jinja2.Environment(undefined=jinja2.StrictUndefined).from_string(
        text("conda/meta.yaml")
    )
    recipe = yaml.safe_load(template.render(PYTHON="python"))
    assert recipe["package"] == {"name": PROJECT["name"], "version": PROJECT["version"]}
    assert recipe["build"]["noarch"] == "python"
    assert recipe["build"]["entry_points"] == [f"qvopt = {PROJECT['scripts']['qvopt']}"]
    assert f"python {PROJECT['requires-python']}" in recipe["requirements"]["run"]
    assert len(recipe["requirements"]["run"]) == len(PROJECT["dependencies"]) + 1
    builder = tomllib.loads(text("pyproject.toml"))["build-system"]["requires"]
    listed = {item.replace(" ", "") for item in recipe["requirements"]["host"]}
    assert set(builder) <= listed


def test_each_python_that_is_claimed_is_tested():
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    matrix = re.search(r"python: \[(.*?)\]", text(".github/workflows/tests.yml"))[1]
    assert re.findall(r"3\.\d+", matrix) == claimed
    assert PROJECT["requires-python"] == f">={claimed[0]}"


def test_nothing_tells_to_install_a_name_that_is_not_ours():
    """The package is on no index yet: texts install from the clone."""
    pages = [p for p in ROOT.glob("**/*.md") if not {"generated", ".venv"} & set(p.parts)]
    for page in [*pages, *ROOT.glob("qvopt/**/*.py")]:
        assert not re.search(r"pip install ['\"]?qvopt\b", page.read_text()), page


def test_the_packages_that_doctor_looks_for_are_those_of_the_extras():
    """RELEASE runs this file where only pytest is installed, so the table is read as text."""
    source = text("qvopt/cloud/credentials.py")
    table = source.split("EXTRAS: Final = {")[1].split("}")[0]
    listed = {extra: set(re.findall(r'"([^"]+)"', packages))
              for extra, packages in re.findall(r'"(\w+)": \((.*?)\)', table)}  # fmt: skip
    extras = PROJECT["optional-dependencies"]
    assert listed
    for extra, packages in listed.items():
        assert packages == {re.match(r"[\w-]+", item)[0] for item in extras[extra]}, extra


PICTURE_AND_LINKS = (
    "![A curve](docs/a.png) and [a page](docs/b.md#c), [this](#d), [theirs](https://e.org/f)"
)


def test_the_index_gets_absolute_links_and_the_addresses(monkeypatch):
    pytest.importorskip("hatchling")
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))
    assert hook["absolute_links"](PICTURE_AND_LINKS, "https://host/us/qvopt", "v1.0") == (
        "![A curve](https://host/us/qvopt/raw/v1.0/docs/a.png) and [a page](https://host/us/qvopt/blob/"
        "v1.0/docs/b.md#c), [this](#d), [theirs](https://e.org/f)"
    )
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_REF_NAME"):
        monkeypatch.delenv(name, raising=False)
    links = hook["RepositoryLinks"](str(ROOT), {})
    here = {}
    links.update(here)
    assert here == {"readme": {"content-type": "text/markdown", "text": text("README.md")}}
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://host")
    monkeypatch.setenv("GITHUB_REPOSITORY", "us/qvopt")
    built = {}
    links.update(built)
    assert built["urls"]["Source"] == "https://host/us/qvopt"
    assert "](https://host/us/qvopt/raw/main/docs/images/h4-curve.png)" in built["readme"]["text"]
    assert not re.search(r"\]\((?!https?:|#)", built["readme"]["text"])
