"""Figures of benchmarks, chemistry and papers are those of the code: small parts, made again.

Times depend on the machine and are not compared; counts, energies and errors beside them are.
"""

import re
import tomllib

import numpy as np
import pytest
from published_pages import block, numbers, page, rows


def lines(name, part):
    """The lines of a fence, split at runs of blanks."""
    fence = re.search(r"```\n(.*?)```", block(name, part), re.DOTALL)[1]
    return [re.split(r"\s{2,}", line.strip()) for line in fence.splitlines()]


@pytest.mark.slow
def test_uccsd_beside_its_peer():
    from qvopt import run

    for row in rows(block("benchmarks.md", "uccsd-energies"))[2:]:
        if row[0] in ("h2", "h4-chain", "h4-square", "lih"):
            result = run(row[0])
            assert result.energy == pytest.approx(float(row[5]), abs=2e-8), row[0]
            assert 1e3 * result.error == pytest.approx(float(row[7]), abs=2e-4), row[0]


@pytest.mark.slow
def test_energies_beside_the_times():
    from qvopt.backends.protocol import Problem
    from qvopt.backends.sector import SectorBackend
    from qvopt_circuits import UCCSD
    from qvopt_molecules.catalogue import find_molecule
    from qvopt_molecules.integrals import build_hamiltonian

    checked = 0
    for line in lines("benchmarks.md", "exact-energy-gradient")[1:]:
        name, engine, parameters, *_, energy, norm = line
        if not engine.startswith("qvopt") or name == "n2":
            continue
        h = build_hamiltonian(find_molecule(name))
        circuit = UCCSD().circuit(h)
        program = SectorBackend().compile(Problem(circuit, None, h))
        e, gradient = program.gradient(np.full(circuit.n_parameters, 0.01))
        assert circuit.n_parameters == int(parameters)
        assert e == pytest.approx(float(energy), abs=2e-8), name
        assert np.linalg.norm(gradient) == pytest.approx(float(norm), abs=1e-4), name
        checked += 1
    assert checked == 4


@pytest.mark.slow
def test_sizes_of_the_chains(script):
    from math import comb

    from qvopt_circuits import UCCSD

    made = script("benchmarks/sector_scaling.py")
    table = {int(line[0]): line for line in lines("benchmarks.md", "sector-scaling")
             if line[0].isdigit()}  # fmt: skip
    for n in (8, 10):
        h = made.chain(n)
        parameters = UCCSD().circuit(h).n_parameters
        size = comb(n, n // 2) ** 2
        assert table[2 * n][1:3] == [f"{size:,}", str(parameters)]
    largest = block("benchmarks.md", "largest-sector")
    assert f" {comb(14, 7) ** 2:,} " in largest


@pytest.mark.slow
@pytest.mark.parametrize("part", ["shots-energy-gradient", "shots-peers"])
def test_errors_at_equal_shots(part, script):
    """Errors of one energy from 40 seeds, and circuits of an energy."""
    from qvopt import make_experiment
    from qvopt.engine.assembly import assemble
    from qvopt.optimizers.protocol import Energy

    checked = 0
    for line in lines("benchmarks.md", part):
        ours = re.fullmatch(r"qvopt ([\w-]+) \((\d+)\)", "".join(line[1:2]))
        slow = line[0] == "lih" and ours and "basis-rotation" not in ours[1]
        if line[0] not in ("h2", "lih") or ours is None or slow:
            continue
        data = {"molecule": line[0], "shots": 20_000,
                "measurement": {"grouping": ours[1]}}  # fmt: skip
        assembly = assemble(make_experiment(data))
        assert len(assembly.plan.groups) == int(ours[2]), line
        x = np.full(assembly.circuit.n_parameters, 0.01)
        answers = assembly.evaluator.answer([Energy(x)] * 200, 1)
        spread = 1e3 * np.std([a.value for a in answers], ddof=1)
        error = next(c for c in line if "±" in c)
        assert spread == pytest.approx(numbers(error)[0], rel=0.4), line  # theirs is of 40
        checked += 1
    assert checked == 6


@pytest.mark.slow
def test_memory_of_optimizers(script):
    made = script("benchmarks/optimizer_overhead.py")
    published = {
        line[0]: numbers(line[-1]) for line in lines("benchmarks.md", "optimizer-overhead")
    }
    large = np.abs(np.random.default_rng(0).normal(size=100_000))
    for name, (ours, bare, state, *_) in made.rules(1000).items():
        vectors = tuple(large if np.ndim(s) else s for s in state)
        peaks = [made.peak(made.stepper_ours(ours, large), large),
                 made.peak(made.stepper_bare(bare, vectors, large), large)]  # fmt: skip
        assert peaks == pytest.approx(published[name][-2:], abs=0.15), name


def test_defaults_are_those_that_the_search_chose(script):
    from qvopt.optimizers.registry import describe

    made = script("benchmarks/tuning.py")
    table = {line[0]: line[1] for line in lines("benchmarks.md", "tuning")[1:]}
    for name, chosen in table.items():
        pairs = dict(pair.split("=") for pair in chosen.split(", "))
        assert set(pairs) == set(made.GRIDS[name]), name
        defaults = describe(name).defaults
        for key, value in pairs.items():
            if f"`{name}` has `{key}={defaults[key]}`" not in page("benchmarks.md"):
                assert str(defaults[key]) == value, (name, key)


@pytest.mark.slow
def test_orbital_optimisation_beside_casscf(script):
    made = script("benchmarks/orbital_optimisation.py")
    published = {(r[0], r[1]): r for r in rows(block("chemistry.md", "orbital-optimisation"))[2:]}
    assert len(published) == len(made.CASES)
    for name, count in (("lih", 2), ("h2o", 2)):
        (new,) = rows(made.row(name, count)[0])
        old = published[name, f"({count}, {count})"]
        energies = [float(v) for v in old[2:6]]
        assert [float(v) for v in new[2:6]] == pytest.approx(energies, abs=2e-5), name


@pytest.mark.slow
def test_numbers_of_spins_and_properties_in_the_text():
    from qvopt import run

    text = " ".join(page("chemistry.md").split())
    four, two = re.search(
        r"Eight sites reach ([\d.]+) J with four layers .*? and ([\d.]+) J with two", text
    ).groups()
    for layers, error in ((4, four), (2, two)):
        result = run({"name": "heisenberg", "set": {"sites": 8}}, backend="lightning",
                     ansatz={"name": "hva", "layers": layers})  # fmt: skip
        digits = len(error.partition(".")[2])
        assert round(result.error, digits) == float(error), layers


@pytest.mark.slow
def test_numbers_of_stretched_water_in_the_text():
    from qvopt import scan

    text = " ".join(page("chemistry.md").split())
    error, above = re.search(
        r"water at 2.5 Å: ([\d.]+) mHa above full CI, from a determinant (\d+) mHa above", text
    ).groups()
    curve = scan("h2o", "bond", [2.0, 2.25, 2.5], max_steps=1000)
    alone = scan("h2o", "bond", [2.5], max_steps=0)
    assert 1e3 * curve.column("error")[-1] == pytest.approx(float(error), abs=0.05)
    assert 1e3 * (curve.points[-1].hf - alone.points[0].hf) == pytest.approx(float(above), abs=0.5)


@pytest.mark.slow
def test_adapt_beside_its_authors(script):
    made = script("examples/papers/adapt.py")
    runs = {pool: made.energies(pool) for pool in ("fermionic", "fermionic-sd")}
    runs["qubit-excitation"] = made.energies("qubit-excitation", 10)
    published, again = rows(block("papers.md", "adapt")), rows(made.table(runs))
    assert [row[:4] for row in again] == [row[:4] for row in published]
    assert [row[4] for row in again[:-1]] == [row[4] for row in published[:-1]]


@pytest.mark.slow
def test_sweeps_of_excitation_solve(script):
    made = script("examples/papers/excitationsolve.py")
    published = {r[0]: r[1:] for r in rows(block("papers.md", "excitation-solve"))[2:]}
    assert set(published) == set(made.NAMES.values())
    some = {molecule: made.row(molecule) for molecule in ("h2", "h3+", "lih", "h4-chain")}
    for row in rows(made.tables(some)[1])[2:]:
        assert float(row[1]) == pytest.approx(float(published[row[0]][0]), abs=2e-3), row[0]
        assert row[2] == published[row[0]][1], row[0]
        for new, old in zip(row[3:], published[row[0]][2:], strict=True):
            assert numbers(new)[0] == pytest.approx(numbers(old)[0], rel=0.05), row[0]


@pytest.mark.slow
def test_steps_of_adam_beside_the_natural_gradient(script):
    made = script("examples/papers/natural_gradient.py")
    table = {row[0]: row[2] for row in rows(block("papers.md", "natural-gradient"))[2:]}
    for name, heading in (("adam", "Adam"), ("gradient-descent", "gradient descent")):
        rate = made.best_rate(name, 1.6e-3)
        steps = [made.steps_to(name, rate, seed, 1.6e-3)[0] for seed in range(4)]
        reached = [int(s) for s in steps if np.isfinite(s)]
        (row,) = rows(made.table({name: (rate, reached)}, 4))[2:]
        new, old = numbers(row[2]), numbers(table[heading])
        assert new[1:] == old[1:], name  # starts that arrive, of how many, rate
        assert new[0] == pytest.approx(old[0], abs=2), name


@pytest.mark.slow
def test_classical_optimizers_under_noise(script):
    """Medians of ten seeds, as published; those of four scatter by a factor of a few."""
    from qvopt import compare

    made = script("examples/papers/sampling_noise.py")
    spec = tomllib.loads(made.FILE.read_text(encoding="utf-8"))
    assert set(spec["optimizers"]) == set(made.NAMES)
    assert sorted({shots for _, shots in made.COLUMNS}) == spec["shots"]
    published = {r[0]: r[1:] for r in rows(block("papers.md", "sampling-noise"))[2:]}
    for name, optimizer in (("iCANS", "icans"), ("gradient descent", "gradient-descent")):
        result = compare(problems=["h2"], optimizers=[optimizer], seeds=4, shots=100, budget=50_000)
        median = 1e3 * np.median([outcome.final_error for outcome in result.outcomes])
        assert abs(np.log(median / float(published[name][0]))) < np.log(4), name
    medians = {
        (p, f"{o} @{s}"): float(published[heading][k].replace(",", "")) / 1e3
        for o, heading in made.NAMES.items()
        for k, (p, s) in enumerate(made.COLUMNS)
    }
    again = rows(made.table(medians))[2:]
    for row in again:
        assert [numbers(c) for c in row[1:]] == [numbers(c) for c in published[row[0]]]


@pytest.mark.slow
def test_shot_frugal_optimizers(script, tmp_path):
    """The whole table again: its runs are those of fixed seeds."""
    from qvopt import compare

    made = script("examples/papers/frugal.py")
    published = rows(block("papers.md", "frugal"))[2:]
    again = rows(made.table(compare(made.FILE, out=tmp_path / "frugal").summary))[2:]
    assert [row[0] for row in again] == [row[0] for row in published]
    for new, old in zip(again, published, strict=True):
        assert new[-1] == old[-1]
        for a, b in zip(new[1:5], old[1:5], strict=True):
            assert numbers(a) == pytest.approx(numbers(b), rel=0.1)


def test_what_is_said_of_shot_frugal_optimizers():
    """The three claims of docs/papers.md, against the table above them."""
    table = {row[0]: row[1:] for row in rows(block("papers.md", "frugal"))[2:]}
    lih = {name: numbers(row[2])[0] for name, row in table.items()}
    shots = {n: numbers(row[1])[0] for n, row in table.items() if row[1] != "–"}
    letters = {name: set(row[-1]) for name, row in table.items()}
    h2 = {name: numbers(row[0])[0] for name, row in table.items()}
    frugal = ("gCANS", "Rosalin", "iCANS")
    assert min(shots, key=shots.__getitem__) == "iCANS"
    for errors in (h2, lih):
        assert max(errors[f] for f in frugal) < min(errors["Adam"], errors["SPSA"])
    assert next(iter(table)) == "gCANS"
    assert set.intersection(*(letters[f] for f in frugal))
    assert not letters["gCANS"] & (letters["Adam"] | letters["SPSA"])


def test_the_advice_repeats_its_tables():
    """ "In short" of docs/results.md, against the three tables below it."""
    text = " ".join(page("results.md").split())
    tables = {
        n: {r[0]: r[1:] for r in rows(block("results.md", n))[2:]} for n in ("h2", "lih", "h4")
    }
    errors = {n: [k for k, r in sorted(t.items(), key=lambda kv: float(kv[1][0]))]
              for n, t in tables.items()}  # fmt: skip
    assert errors["h2"][0] == errors["h4"][0] == "icans"
    assert errors["lih"][0] == "gcans"
    assert errors["h2"].index("qng") == 2
    assert len(errors["h2"]) == 12
    assert "`qng` comes third of twelve on H2" in page("papers.md")
    assert tables["h2"]["icans"][-1] == tables["h2"]["gcans"][-1]  # level
    assert all("noise-aware-l-bfgs" in ranked[:4] for ranked in errors.values())
    h2, lih = (numbers(tables[n]["excitation-solve"][-2])[0] for n in ("h2", "lih"))
    stated = re.search(r"at 1.6 mHa after ([\d,]+) shots on H2 and ([\d.]+) million on LiH", text)
    assert numbers(stated[1])[0] == pytest.approx(h2, rel=0.05)
    assert float(stated[2]) == pytest.approx(lih / 1e6, rel=0.05)
    met, runs = zip(*(map(int, t["cma-es"][2].split("/")) for t in tables.values()), strict=True)
    assert f"met chemical accuracy in {sum(met)} of {sum(runs)} runs" in text
