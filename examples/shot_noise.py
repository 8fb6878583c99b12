"""Adam under shot noise, step by step, with every shot counted.

The optimizer sees the measured gradient alone. The noiseless energy beside it is what a simulator
can tell us in addition; it costs nothing and is fed to nobody.
"""

from qvopt import Session, make_experiment

experiment = make_experiment(
    {
        "molecule": {"name": "lih", "set": {"bond": 1.8}, "active_space": {"frozen_core": 1}},
        "optimizer": {"name": "adam", "learning_rate": 0.03},
        "shots": 2000,
        "seed": 7,
        "max_steps": 40,
    }
)
with Session.begin(experiment, store=False) as session:
    for step in session:
        if step.number % 10 == 0:
            print(f"{step.number:4d}  {step.exact:.6f} Ha  {step.shots:>12,} shots")
    result = session.result()

print(f"measured with fresh shots: {result.energy:.4f} ± {result.stderr:.4f} Ha")
print(f"noiseless there:           {result.exact:.4f} Ha (full CI {result.fci:.4f})")
for purpose, cost in result.costs.items():
    print(f"{purpose:>10}: {cost.shots:>12,} shots in {cost.circuits:>8,} circuits")
