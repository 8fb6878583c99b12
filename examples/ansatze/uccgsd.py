"""Generalised singles and doubles reach what excitations from Hartree-Fock alone cannot."""

from common import show

show("h4-square", "uccsd")
show("h4-square", "uccgsd")
show("h4-square", "uccgsd", spin_complemented=True)
