"""An optimizer of your own: a generator that asks and is answered.

It reads like the paper, and runs on any backend: under qvopt every round of queries is one batch,
and one line of the journal.
"""

import numpy as np

from qvopt.engine.assembly import assemble
from qvopt.experiment.specification import make_experiment
from qvopt.optimizers.protocol import Gradient, Iterate
from qvopt.runs.driver import Driver


def sign_descent(x, rng, rate=0.02, decay=0.97):
    """x <- x - η_k sign(∇E), η_k = η ρ^k."""
    while rate > 1e-4:
        (gradient,) = yield [Gradient(x)]
        x = x - rate * np.sign(gradient.value)
        rate *= decay
        yield Iterate(x)
    return x


assembly = assemble(make_experiment({"molecule": "h4-chain"}))
driver = Driver(assembly.evaluator, sign_descent, assembly.start, seed=0, max_steps=300)
for step in driver:
    if step.number % 25 == 0:
        print(f"{step.number:4d}  {step.exact:.6f} Ha")
print(driver.outcome.status, driver.outcome.energy.value)
