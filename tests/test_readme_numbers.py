"""Every number of README.md is checked: here, or by a slow test that runs its command."""

import re
import tomllib

import pytest
from published_pages import ROOT, block, has_number, numbers, page, rows

README = (ROOT / "README.md").read_text(encoding="utf-8")
TEXT = " ".join(re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE).split())


def stated(pattern):
    """The numbers that the README states in these words."""
    match = re.search(pattern, TEXT)
    assert match is not None, pattern
    return [float(g.replace(",", "")) for g in match.groups()]


PYTHON = r"Python (\d\.\d+) or newer"
CURVE = r"UCCSD stays within ([\d.]+) mHa of full CI, always above it; CCSD falls (\d+) mHa below"
COMPARISON = r"the same (\d+) million shots for each, (\d+) seeds"
EXACT = r"an exact H2O energy with all (\d+) gradient components takes ([\d.]+) ms"
NOISY = r"a shot-noisy energy ([\d.]+) ms"
PLANS = (
    r"H2O to (1) mHa takes ([\d.]+) million shots, where fully commuting Pauli groups take "
    r"([\d.]+) \(([\d.]+) with shared terms\)"
)
LICENCE = r"Apache-(2\.0)"
CLAIMS = (PYTHON, CURVE, COMPARISON, EXACT, NOISY, PLANS, LICENCE)


def test_no_number_is_without_a_check():
    rest = TEXT
    for pattern in CLAIMS:
        assert re.search(pattern, rest), pattern
        rest = re.sub(pattern, "", rest)
    rest = re.sub(r"\bN shots\b", "", rest)
    sentences = re.split(r"(?<=[.!?]) ", rest)
    assert not [s for s in sentences if has_number(s)]


def test_versions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == f">={re.search(PYTHON, TEXT)[1]}"
    assert project["license"] == "Apache-2.0"


def test_the_comparison_is_that_of_its_file():
    spec = tomllib.loads((ROOT / "examples/compare/fewest_shots.toml").read_text(encoding="utf-8"))
    millions, seeds = stated(COMPARISON)
    assert spec["budget"] == millions * 1e6
    assert spec["seeds"] == seeds
    assert "eight optimizers" in TEXT
    names = {o if isinstance(o, str) else o["name"] for o in spec["optimizers"]}
    assert len(names) == 8
    (chains,) = (p["molecule"] for p in spec["problems"] if p["label"] == "H4")
    assert chains == {"name": "h4-chain", "set": {"bond": [1.5, 2.0]}}


def test_times_are_those_of_the_benchmarks():
    exact = re.search(r"^h2o +qvopt sector +(\d+) +([\d.]+)", page("benchmarks.md"), re.MULTILINE)
    parameters, milliseconds = stated(EXACT)
    assert parameters == int(exact[1])
    assert milliseconds == round(float(exact[2]), 3)
    noisy = re.search(
        r"^h2o +qvopt fluid-basis-rotation \(\d+\) +([\d.]+)", page("benchmarks.md"), re.MULTILINE
    )
    assert stated(NOISY) == [round(float(noisy[1]), 1)]


def test_plans_are_those_of_the_table():
    table = rows(block("measurement.md", "groupings"))
    water = table[0].index("H2O")
    published = {row[0]: numbers(row[water])[0] for row in table[2:]}
    names = ("fluid-basis-rotation", "fully-commuting", "fully-commuting-shared")
    one, *millions = stated(PLANS)  # variance × shots in Ha², over (1 mHa)²
    assert millions == pytest.approx([published[n] / one**2 for n in names], rel=0.01)


def test_words_that_count():
    assert len(list((ROOT / "examples/notebooks").glob("*.ipynb"))) == 5
    assert "| five: a first VQE" in README
    studied = re.search(
        r"noise_study.py --devices (\S+) (\S+)`: errors of H2 and HeH\+ on two", TEXT
    )
    assert studied is not None
