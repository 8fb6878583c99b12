"""Comparisons with known ends, without running anything."""

import numpy as np

from qvopt.comparison.outcomes import RunOutcome

NAMES = (
    "icans", "gcans", "excitation-solve", "rotosolve", "adam", "momentum", "noise-aware-l-bfgs",
    "spsa", "qn-spsa", "cma-es", "cobyla", "adagrad",
)  # fmt: skip


def outcomes(problems=("H2", "LiH"), optimizers=10, seeds=8, steps=60, budget=1_000_000, seed=0):
    """Runs whose errors fall as powers of shots; the ninth crashes at times, the tenth diverges."""
    rng = np.random.default_rng(seed)
    names = [*NAMES, *(f"setting-{k}" for k in range(max(0, optimizers - len(NAMES))))]
    out = []
    for p, problem in enumerate(problems, start=1):
        for k, name in enumerate(names[:optimizers]):
            for s in range(seeds):
                gaps = rng.integers(budget // steps // 2, budget // steps, size=steps)
                shots = np.concatenate([[0], np.cumsum(gaps)]).astype(np.int64)
                floor = 2e-4 * 2 ** (0.4 * k) * p * np.exp(0.4 * rng.normal())
                fall = 0.02 * p * (1 + 200 * shots / budget) ** (0.07 * k - 1.2)
                error = fall + floor * np.exp(0.2 * rng.normal(size=steps + 1))
                status = "max-steps"
                if k == 8 and s % 4 == 0:
                    status, shots, error = "crashed", shots[:20], error[:20]
                if k == 9 and s % 3 == 0:
                    status, error = "diverged", error * np.linspace(1, 30, steps + 1)
                final = None if status == "crashed" else float(error[-1])
                gradient = int(0.7 * shots[-1])
                spent = {"gradient": gradient, "energy": int(shots[-1]) - gradient}
                out.append(
                    RunOutcome(
                        problem,
                        name,
                        s,
                        status,
                        budget,
                        shots,
                        error,
                        final,
                        None if final is None else final + 1e-4 * rng.normal(),
                        None if final is None else 1e-4,
                        spent,
                        {"learning_rate": 0.1} if k % 2 else {},
                        1.0,
                        "ended",
                        f"runs/{name}-{s}",
                    )
                )
    return out
