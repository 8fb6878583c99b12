"""The Heisenberg chain: how close the Hamiltonian variational ansatz comes, layer by layer."""

from qvopt import run

for layers in (1, 2, 3):
    found = run(
        {"name": "heisenberg", "set": {"sites": 6}},
        ansatz={"name": "hva", "layers": layers},
        backend="lightning",
    )
    print(f"{layers} layers  {found.energy:.6f} J  exact {found.fci:.6f} J  {found.n_steps} steps")
