"""The lowest states of hydrogen by four methods, beside full CI; deflation under shots too."""

from qvopt import excited_states

for method in ("vqd", "qse", "qeom"):
    found = excited_states("h2", 4, method=method)
    print(method, "  ".join(f"{s.energy:9.6f} ({s.energy - s.fci:+.1e})" for s in found.states))

found = excited_states(
    "h2", 2, shots=2000, max_steps=60, seed=3, optimizer={"name": "adam", "learning_rate": 0.1}
)
for state in found.states:
    print(f"measured {state.energy:.4f} ± {state.stderr:.4f} Ha, noiseless {state.exact:.4f} Ha")
print({purpose: cost.shots for purpose, cost in found.costs.items()})
