"""Tiled unitary product states: layers of spin-adapted tiles, with and without perfect pairs."""

from common import show

for pairing in ("canonical", "perfect"):
    for layers in (1, 2, 3):
        show("h4-chain", "tups", layers=layers, pairing=pairing)
