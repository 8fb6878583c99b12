"""FCIDUMP files with orbitals in any order, over complex orbitals, of spins, and contradictory."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.errors import InputError
from qvopt_molecules.fcidump import read_fcidump, write_fcidump
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.lattice import hubbard_chain
from qvopt_molecules.references import fci_energy, hartree_fock_energy

DATA = Path(__file__).parent / "data"


def written(path, n, electrons, lines, ms2=0, header=""):
    rows = [f"{v} {i} {j} {k} {l}" for v, i, j, k, l in lines]
    path.write_text(
        f"&FCI NORB={n},NELEC={electrons},MS2={ms2},{header}\n&END\n" + "\n".join(rows) + "\n"
    )
    return path


def listing(h, order, rng, mode):
    """Lines of a Hamiltonian with its orbitals in another order."""
    n, lines = h.norb, []
    for p, q, r, s in itertools.product(range(n), repeat=4):
        value = float(h.two_body[order[p], order[q], order[r], order[s]])
        canonical = p >= q and r >= s and p * (p + 1) // 2 + q >= r * (r + 1) // 2 + s
        if mode == "all" or (mode == "fourfold" and p >= q and r >= s):
            lines.append((value, p + 1, q + 1, r + 1, s + 1))
        elif mode == "once" and canonical:
            a, b = ((p, q), (q, p))[rng.integers(2)], ((r, s), (s, r))[rng.integers(2)]
            first, second = ((a, b), (b, a))[rng.integers(2)]
            lines.append((value, *(k + 1 for k in (*first, *second))))
    for p in range(n):
        for q in range(p + 1):
            lines.append((float(h.one_body[order[p], order[q]]), p + 1, q + 1, 0, 0))
    lines.append((h.core_energy, 0, 0, 0, 0))
    rng.shuffle(lines)
    return lines


def test_orbitals_in_symmetry_order_as_molpro_writes_them():
    h = read_fcidump(DATA / "h2o_molpro.fcidump")
    assert hartree_fock_energy(h) == pytest.approx(-74.96306, abs=1e-5)
    assert any("occupies orbitals 1 2 3 5 6" in note for note in h.notes)
    assert h.irreps == (0, 0, 0, 2, 3, 0, 3)


@pytest.mark.parametrize("mode", ["all", "fourfold", "once"])
@pytest.mark.parametrize("name", ["h3+", "lih", pytest.param("o2", marks=pytest.mark.slow)])
def test_any_order_of_orbitals_and_lines(name, mode, tmp_path):
    if name == "o2":
        h = build_hamiltonian(find_molecule("O 0 0 0; O 0 0 1.2", spin=2))
    else:
        h = build_hamiltonian(find_molecule(name))
    for seed in range(2):
        rng = np.random.default_rng(seed)
        order = rng.permutation(h.norb)
        lines = listing(h, order, rng, mode)
        path = written(tmp_path / "x.fcidump", h.norb, h.n_electrons, lines, h.n_alpha - h.n_beta)
        read = read_fcidump(path)
        assert hartree_fock_energy(read) == pytest.approx(hartree_fock_energy(h), abs=1e-8)
        assert fci_energy(read) == pytest.approx(fci_energy(h), abs=1e-8)


def test_occupied_orbitals_can_be_named(tmp_path):
    h = build_hamiltonian(find_molecule("lih"))
    path = tmp_path / "lih.fcidump"
    write_fcidump(h, path)
    default = read_fcidump(path)
    assert default.content_hash() == h.content_hash()
    assert default.notes == ()
    excited = read_fcidump(path, occupied=[3, 1])
    assert hartree_fock_energy(excited) > hartree_fock_energy(default) + 0.1
    assert excited.content_hash() == read_fcidump(path, occupied=[1, 3]).content_hash()
    assert fci_energy(excited) == pytest.approx(fci_energy(h), abs=1e-9)
    for wrong in ([1], [1, 1], [0, 1], [1, 99]):
        with pytest.raises(InputError, match="occupied must name 2 distinct orbitals"):
            read_fcidump(path, occupied=wrong)


def test_charge_and_spin_change_the_electrons_or_are_refused(tmp_path):
    path = tmp_path / "lih.fcidump"
    write_fcidump(build_hamiltonian(find_molecule("lih")), path)
    triplet = read_fcidump(path, spin=2)
    assert (triplet.n_alpha, triplet.n_beta) == (3, 1)
    with pytest.raises(InputError, match="change NELEC"):
        read_fcidump(path, charge=1)
    with pytest.raises(InputError, match="spin = 1"):
        read_fcidump(path, spin=1)


def plane_waves(path, n, electrons, mode, brackets):
    """A Hubbard ring in momentum space, the form that is not eightfold symmetric."""
    order = np.random.default_rng(n).permutation(n)
    seen, lines = set(), []

    def shown(value):
        return f"({value},0.0)" if brackets else value

    for p, q, r, s in itertools.product(range(n), repeat=4):
        k = [order[x] for x in (p, q, r, s)]
        if (k[0] - k[1] + k[2] - k[3]) % n:
            continue
        equals = [(r, s, p, q), (q, p, s, r), (s, r, q, p)]
        if (mode == "once" and seen & set(equals)) or (mode == "pairs" and equals[0] in seen):
            continue
        seen.add((p, q, r, s))
        lines.append((shown(4.0 / n), p + 1, q + 1, r + 1, s + 1))
    for p in range(n):
        lines.append((shown(-2 * np.cos(2 * np.pi * order[p] / n)), p + 1, p + 1, 0, 0))
    return written(path, n, electrons, lines)


@pytest.mark.parametrize("mode", ["all", "pairs", "once"])
@pytest.mark.parametrize(("n", "electrons"), [(3, 2), (4, 4), (5, 4), (6, 2)])
@pytest.mark.parametrize("brackets", [False, True])
def test_plane_waves_become_real(n, electrons, mode, brackets, tmp_path):
    h = read_fcidump(plane_waves(tmp_path / "k.fcidump", n, electrons, mode, brackets))
    sites = hubbard_chain({"sites": n, "electrons": electrons, "periodic": 1, "site_basis": 1})
    assert fci_energy(h) == pytest.approx(fci_energy(sites), abs=1e-9)
    assert any("combined in pairs to real ones" in note for note in h.notes)


def test_a_ring_in_momentum_space():
    assert fci_energy(read_fcidump(DATA / "khub3.fcidump")) == pytest.approx(-3.123106, abs=1e-6)


def test_orbitals_that_stay_complex_are_refused(tmp_path):
    rng = np.random.default_rng(0)
    g = rng.normal(size=(3,) * 4) + 1j * rng.normal(size=(3,) * 4)
    g = g + g.transpose(2, 3, 0, 1)
    g = g + g.transpose(1, 0, 3, 2).conj()
    lines = [
        (f"({g[p].real},{g[p].imag})", *(k + 1 for k in p))
        for p in itertools.product(range(3), repeat=4)
    ]
    with pytest.raises(InputError, match="complex integrals"):
        read_fcidump(written(tmp_path / "x.fcidump", 3, 2, lines))


def test_unrestricted_blocks_without_a_flag():
    with pytest.raises(InputError, match=r"blocks of unrestricted \(UHF\)"):
        read_fcidump(DATA / "uhf_block.fcidump")


def test_spin_orbitals_without_a_flag(tmp_path):
    h = build_hamiltonian(find_molecule("lih"))
    n = h.norb
    lines = []
    for p, q, r, s in itertools.product(range(2 * n), repeat=4):
        if p % 2 == q % 2 and r % 2 == s % 2 and p >= q and r >= s:
            value = float(h.two_body[p // 2, q // 2, r // 2, s // 2])
            lines.append((value, p + 1, q + 1, r + 1, s + 1))
    for p in range(2 * n):
        lines.append((float(h.one_body[p // 2, p // 2]), p + 1, p + 1, 0, 0))
    with pytest.raises(InputError, match="spin orbitals"):
        read_fcidump(written(tmp_path / "x.fcidump", 2 * n, 4, lines))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([(0.5, 2, 1, 2, 1), (0.6, 1, 2, 2, 1), (0.7, 1, 2, 1, 2)], "twice"),
        ([(0.5, 1, 1, 1, 1), (0.6, 1, 1, 1, 1)], "twice"),
        ([(0.5, 2, 1, 0, 0), (0.6, 1, 2, 0, 0)], "twice"),
        ([(0.5, 0, 0, 0, 0), (0.6, 0, 0, 0, 0)], "core energy twice"),
        ([(0.5, 1, 0, 1, 0)], "mean no integral"),
        ([(0.5, 3, 1, 1, 1)], "from 0 to 2"),
    ],
)
def test_contradictions(lines, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        read_fcidump(written(tmp_path / "x.fcidump", 2, 2, lines))
    assert "\n" not in str(caught.value)


def test_equal_duplicates_are_no_contradiction(tmp_path):
    lines = [(0.7, 1, 1, 1, 1), (0.7, 1, 1, 1, 1), (-1.0, 1, 1, 0, 0), (0.1, 0, 0, 0, 0)]
    h = read_fcidump(written(tmp_path / "x.fcidump", 1, 2, lines))
    assert hartree_fock_energy(h) == pytest.approx(-1.2)


def test_isym_chooses_the_symmetry_of_an_open_shell(tmp_path):
    h = build_hamiltonian(find_molecule("h2o", charge=1, spin=1))
    path = tmp_path / "x.fcidump"
    write_fcidump(h, path)
    text = path.read_text()
    labels = [i % 10 for i in h.irreps]
    for irrep in sorted(set(labels)):
        path.write_text(text.replace("ISYM=1", f"ISYM={irrep + 1}"))
        read = read_fcidump(path)
        if irrep:
            assert read.irreps[read.n_beta] == irrep
