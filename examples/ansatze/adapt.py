"""ADAPT-VQE: the circuit grows by the operator of largest gradient, exactly and under shots."""

from qvopt import Session, make_experiment

experiment = make_experiment({"molecule": "lih", "ansatz": {"name": "adapt", "pool": "fermionic"}})
with Session.begin(experiment, store=False) as session:
    for step in session:
        print(f"{len(step.x):3d} operators   {step.exact:.8f} Ha   {step.note}")
    print(session.circuit)

# Gradients of the pool are measured too, charged to "pool", and the run ends by itself where no
# operator's gradient can be told from zero.
experiment = make_experiment(
    {
        "molecule": "h2",
        "ansatz": {"name": "adapt", "inner_steps": 30},
        "optimizer": {"name": "adam", "learning_rate": 0.05},
        "shots": 2000,
        "seed": 3,
    }
)
with Session.begin(experiment, store=False) as session:
    for step in session:
        print(f"{len(step.x):3d} operators   {step.exact:.8f} Ha   {step.shots:,} shots")
    result = session.result()
print(result.status, result.operators, {k: c.shots for k, c in result.costs.items()})
