"""ADAPT-VQE's pools, and several operators on disjoint qubits at a time (TETRIS)."""

from common import show

for pool in ("fermionic", "fermionic-sd", "qubit-excitation"):
    show("h4-chain", "adapt", pool=pool)
show("h4-chain", "adapt", pool="qubit-excitation", per_step=10, disjoint=True)
show("h4-chain", "adapt", pool="minimal", tolerance=0.1, backend="lightning")
