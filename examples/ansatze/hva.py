"""The Hamiltonian variational ansatz, from an adiabatic path."""

from common import show

for layers in (1, 2, 3):
    show("h2", "hva", layers=layers, backend="lightning")
