"""Hardware-efficient families: with few symmetries, or with the number of electrons kept."""

from common import show

for name in ("real-amplitudes", "efficient-su2", "number-preserving"):
    show("h2", name, backend="lightning", spread=0.2)
