"""Bases with effective core potentials, held against PySCF given the potential by name."""

import pytest
from slow_cases import rest_slow

from qvopt_molecules.basis_names import BASIS_NAMES
from qvopt_molecules.basis_sets import element_bases
from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.elements import SYMBOLS
from qvopt_molecules.errors import InputError
from qvopt_molecules.integrals import build_hamiltonian
from qvopt_molecules.mean_field import build_mole
from qvopt_molecules.molecule import ActiveSpace
from qvopt_molecules.references import fci_energy, hartree_fock_energy

AGH = "Ag 0 0 0; H 0 0 1.6"
CASES = [
    (AGH, "def2-tzvp", {"Ag": "def2-tzvp"}, {}),
    (AGH, "lanl2dz", {"Ag": "lanl2dz"}, {}),
    (AGH, "cc-pvdz-pp", {"Ag": "cc-pvdz-pp"}, {"H": "cc-pvdz", "Ag": "cc-pvdz-pp"}),
    ("I 0 0 0; I 0 0 2.67", "stuttgart", {"I": "stuttgart"}, {}),
    ("Na 0 0 0; H 0 0 1.89", "lanl2dz", {"Na": "lanl2dz"}, {}),
]


@pytest.mark.parametrize(
    ("text", "basis", "potentials", "functions"),
    rest_slow(CASES, lambda text, basis, *_: basis == "cc-pvdz-pp" or text.startswith("Na")),
)
def test_a_basis_brings_its_potential(text, basis, potentials, functions):
    from pyscf import gto, mcscf, scf

    space = ActiveSpace(electrons=2, n_orbitals=2)
    h = build_hamiltonian(find_molecule(text, basis=basis, active_space=space), cache=False)
    mol = gto.M(atom=text, basis=functions or basis, ecp=potentials, verbose=0)
    mean_field = scf.RHF(mol).set(conv_tol=1e-12).run()
    casci = mcscf.CASCI(mean_field, 2, 2)
    casci.verbose = 0
    assert fci_energy(h) == pytest.approx(casci.kernel()[0], abs=1e-6)
    assert any("effective core potentials" in note for note in h.notes)


CORRELATION_CONSISTENT = [  # atoms, basis, electrons that the potential replaces
    ("I 0 0 0; H 0 0 1.609", "cc-pvdz-pp", {"I": 28}),
    ("I 0 0 0; I 0 0 2.666", "cc-pvdz-pp", {"I": 28}),
    ("Br 0 0 0; H 0 0 1.414", "cc-pvdz-pp", {"Br": 10}),
    ("Au 0 0 0; H 0 0 1.524", "cc-pvdz-pp", {"Au": 60}),
    ("Zn 0 0 0; F 0 0 1.768; F 0 0 -1.768", "cc-pvdz-pp", {"Zn": 10}),
    ("Pb 0 0 0; O 0 0 1.922", "cc-pvdz-pp", {"Pb": 60}),
    ("Ag 0 0 0; H 0 0 1.618", "aug-cc-pvdz-pp", {"Ag": 28}),
    ("I 0 0 0; H 0 0 1.609", "cc-pvtz-pp", {"I": 28}),
    ("Au 0 0 0; H 0 0 1.524", "cc-pvtz-pp", {"Au": 60}),
]


@pytest.mark.parametrize(
    ("text", "basis", "cores"),
    [pytest.param(*case, marks=[pytest.mark.slow] if k != 2 else [])
     for k, case in enumerate(CORRELATION_CONSISTENT)],
)  # fmt: skip
def test_correlation_consistent_bases_of_heavy_elements(text, basis, cores):
    """The mean field beside PySCF's, with functions and potential written out for it."""
    from pyscf import gto, scf

    molecule = find_molecule(text, basis=basis, active_space=ActiveSpace(electrons=2, n_orbitals=2))
    (heavy,) = cores
    potential = gto.basis.load_ecp(basis.removeprefix("aug-"), heavy)
    assert potential[0] == cores[heavy]
    light = basis.removesuffix("-pp")
    functions = {s: gto.basis.load(basis if s == heavy else light, s)
                 for s in {a.symbol for a in molecule.atoms}}  # fmt: skip
    mol = gto.M(atom=text, basis=functions, ecp={heavy: potential}, verbose=0)
    assert mol.nelectron == sum(
        gto.charge(a.symbol) - cores.get(a.symbol, 0) for a in molecule.atoms
    )
    direct = scf.RHF(mol).set(conv_tol=1e-11).run()
    assert direct.converged
    h = build_hamiltonian(molecule, cache=False)
    assert hartree_fock_energy(h) == pytest.approx(direct.e_tot, abs=1e-7)


@pytest.mark.parametrize(
    ("element", "basis"),
    [("I", "aug-cc-pvdz-pp"), ("Br", "aug-cc-pvtz-pp"), ("Pb", "aug-cc-pvdz-pp"),
     ("K", "cc-pvtz-pp"), ("La", "cc-pvdz-pp"), ("I", "cc-pvdz"), ("Au", "cc-pvtz")],
)  # fmt: skip
def test_a_correlation_consistent_basis_without_the_element_is_one_line(element, basis):
    text = f"{element} 0 0 0; {element} 0 0 2.8"
    with pytest.raises(InputError, match=f"the basis {basis} has no functions for the electrons of "
                                         f"{element}; bases that have: ") as refused:  # fmt: skip
        build_hamiltonian(find_molecule(text, basis=basis), cache=False)
    assert "\n" not in str(refused.value)


def test_silver_hydride_is_not_all_electron():
    h = build_hamiltonian(
        find_molecule(AGH, basis="def2-tzvp", active_space=ActiveSpace(electrons=2, n_orbitals=2))
    )
    assert -148 < fci_energy(h) < -146


@pytest.mark.parametrize(
    "basis",
    [
        pytest.param(n, marks=[pytest.mark.slow] if k % 12 else [])
        for k, n in enumerate(BASIS_NAMES)
    ],
)
def test_every_element_is_there_or_one_line(basis):
    from pyscf import gto

    messages = {}
    for symbol in SYMBOLS:
        try:
            bases = element_bases([symbol], basis)
        except InputError as error:
            messages[symbol] = str(error)
            continue
        cores = bases.core_electrons.get(symbol, 0)
        charge = gto.charge(symbol)
        assert cores % 2 == 0
        assert cores < charge
        if basis.startswith("def2") and charge > 36:
            assert cores > 0
    for symbol, message in messages.items():
        assert f"electrons of {symbol}" in message
        assert "\n" not in message


def test_missing_elements_are_named():
    with pytest.raises(
        InputError, match=r"minao has no functions for the electrons of I; bases that have"
    ):
        build_mole(find_molecule("I 0 0 0; H 0 0 1.6", basis="minao"))
    with pytest.raises(InputError, match="sto-3g has no functions for the electrons of Au"):
        build_mole(find_molecule("Au 0 0 0; H 0 0 1.5", basis="sto-3g"))


def test_electrons_of_the_potential_cannot_be_removed():
    with pytest.raises(InputError, match="effective core potentials"):
        build_mole(find_molecule("Na 0 0 0; H 0 0 1.9", basis="lanl2dz", charge=4))
