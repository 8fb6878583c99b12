"""What processes do that share a cache: in a module that a spawned one can import by its name."""

from qvopt_molecules.catalogue import find_molecule
from qvopt_molecules.integrals import build_hamiltonian


def content_hash(_):
    """The hash of a Hamiltonian that the cache may hold."""
    return build_hamiltonian(find_molecule("h2", {"bond": 0.8})).content_hash()
