"""The quantum-number-preserving fabric: four-qubit tiles on neighbours only."""

from common import show

for layers in (2, 4, 6):
    show("h4-chain", "fabric", layers=layers)
