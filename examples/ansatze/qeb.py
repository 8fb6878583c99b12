"""Qubit excitations: about the same energy as fermionic ones, for fewer CNOTs."""

from common import show

show("lih", "uccsd", point_group=True)
show("lih", "qeb", point_group=True)
