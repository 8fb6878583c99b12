"""Tables of the documentation are those of the code: small parts are made again and compared."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
STAMP = r"Made by `([^`]+)`, qvopt (\S+), sources ([0-9a-f]{12})\."
MARKED = [
    ("ansatze.md", "ansatze"),
    ("measurement.md", "groupings"),
    ("benchmarks.md", "groupings"),
    ("mitigation.md", "molecules"),
]


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def block(name, part):
    found = re.search(rf"<!-- {part} -->(.*?)<!-- /{part} -->", page(name), re.DOTALL)
    assert found is not None, (name, part)
    return found[1]


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip("* ") for cell in line.strip("|").split("|")] for line in lines]


def numbers(cell):
    return [float(n.replace(",", "")) for n in re.findall(r"-?[\d,]*\.?\d+", cell)]


@pytest.fixture
def script(monkeypatch):
    """Loads a script of benchmarks/ or examples/, with its neighbours to import."""

    def load(path):
        path = ROOT / path
        monkeypatch.syspath_prepend(str(path.parent))
        spec = importlib.util.spec_from_file_location(f"published_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)
        monkeypatch.setitem(sys.modules, "one_core", module)  # the tests' threads stay as they are
        spec.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize(("name", "part"), MARKED)
def test_tables_say_what_made_them(name, part):
    made = re.search(STAMP, block(name, part))
    assert made is not None
    script_name = made[1].split()[1]
    assert (ROOT / script_name).exists()


@pytest.mark.parametrize("name", ["h4-chain", "h2"])
@pytest.mark.slow
def test_rows_of_the_ansaetze(name, script):
    made = script("benchmarks/ansatze.py")
    published = {(r[0], r[1], r[2]): r[3:7] for r in rows(block("ansatze.md", "ansatze"))[2:]}
    cases = [c for c in made.CASES if c[0] == name and c[1] not in ("lucj", "hva")]
    assert len(cases) > 4
    for case in cases:
        row = [cell.strip() for cell in made.row(*case).strip("|\n ").split("|")]
        old = published[row[0], row[1], row[2]]
        assert float(row[3]) == pytest.approx(float(old[0]), abs=2e-3), row  # mHa
        assert row[4:7] == old[1:], row


@pytest.mark.slow
def test_columns_of_the_groupings(script):
    made = script("benchmarks/groupings.py")
    table = rows(block("measurement.md", "groupings"))
    for molecule in ("h2", "heh+", "h3+", "h4-chain"):
        column = table[0].index(made.NAMES[molecule])
        again = made.cells(molecule)
        for row in table[2:]:
            old, new = numbers(row[column]), numbers(again[row[0]])
            assert new[0] == pytest.approx(old[0], rel=0.02), (molecule, row[0])
            assert new[1:] == old[1:], (molecule, row[0])


@pytest.mark.slow
def test_uccsd_beside_its_peer():
    from qvopt import run

    text = page("benchmarks.md")
    part = text[text.index("## UCCSD energies beside") :]
    for row in rows(part[: part.index("\n## ", 5)])[2:]:
        if row[0] in ("h2", "h4-chain", "h4-square", "lih"):
            result = run(row[0])
            assert result.energy == pytest.approx(float(row[5]), abs=2e-8), row[0]
            assert 1e3 * result.error == pytest.approx(float(row[7]), abs=2e-4), row[0]


@pytest.mark.slow
def test_orbital_optimisation_beside_casscf():
    from qvopt import optimize_orbitals, run

    text = page("chemistry.md")
    table = rows(text[text.index("| molecule | active space | CASCI | CASSCF") :].split("\n\n")[0])
    for row in table[2:]:
        if row[1] == "(2, 2)" and row[0] in ("lih", "h2o"):
            molecule = {"name": row[0], "basis": "6-31g",
                        "active_space": {"electrons": 2, "n_orbitals": 2}}  # fmt: skip
            assert run(molecule, max_steps=0).fci == pytest.approx(float(row[2]), abs=2e-6)
            relaxed = optimize_orbitals(molecule)
            assert relaxed.energy == pytest.approx(float(row[5]), abs=2e-5), row[0]


@pytest.mark.slow
def test_raw_and_selected_energies_of_a_snapshot(script):
    """Five seeds, as published: the same seeds draw the same."""
    pytest.importorskip("qiskit_ibm_runtime")
    from qvopt import run

    study = script("examples/noise_study/noise_study.py")
    text = page("mitigation.md")
    table = rows(text[text.index("| mitigation | H2, manila") :].split("\n\n")[0])
    published = {row[0]: numbers(row[1].replace("+", "")) for row in table[2:]}
    best = run("h2")
    for way in ("raw", "post-selection"):
        made = study.measure("h2", "aer:fake_manila", way, best.x, best.energy, 5, 20_000)
        error, sigma = published[way]
        assert made.error == pytest.approx(error, abs=3 * sigma / 5**0.5), way
        assert made.reported == pytest.approx(sigma, rel=0.2), way


@pytest.mark.slow
def test_the_shots_that_a_certificate_takes(script):
    made = script("benchmarks/fewest_shots.py")
    text = page("kalman-newton.md")
    (row,) = [r for r in rows(text) if r[0] == "H₂"]
    plain = made.OURS[0]  # UCCSD as it comes, from Hartree-Fock
    assembly = made.problem("h2", plain.ansatz, plain.initial)
    best = made.minimum(assembly)
    ends = [
        made.trace(assembly, plain, made.CERTIFIED, seed, 50 * made.PROBLEMS["h2"][1])[0][-1]
        for seed in range(100, 110)
    ]
    shots = sorted(float(end[0]) for end in ends)
    assert (shots[4] + shots[5]) / 2 == pytest.approx(numbers(row[2])[0], rel=0.15)
    assert sum(end[1] - best <= made.TARGET for end in ends) >= 9


@pytest.mark.slow
def test_a_cell_of_the_molecules_on_snapshots(script):
    made = script("examples/noise_study/molecules_table.py")
    published = {(r[0], r[1]): r for r in rows(block("mitigation.md", "molecules"))[2:]}
    (row,) = rows(made.table([made.cell("h2", "fake_hanoi")]))[2:]
    assert row == published["H2", "hanoi"]
