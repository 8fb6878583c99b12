"""What an optimizer itself costs: one step of each rule at n parameters.

    python benchmarks/optimizer_overhead.py [--parameters 1000] [--repeats 2000]

Four columns, on one core, in turns so that a drift of the machine meets all of them: our transform;
the rule's bare NumPy arithmetic, as one would write it in a script; optax, jitted, in double
precision, with NumPy arrays in and out; PyTorch on the CPU in double precision. Then the peak of
memory allocated during a step (NumPy's, by tracemalloc), in vectors of n numbers.
"""

from __future__ import annotations

import argparse
import os
import time
import tracemalloc

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import numpy as np
from published import printed

from qvopt.optimizers.adaptive import scale_by_adagrad, scale_by_rms
from qvopt.optimizers.combine import add_decayed_weights, chain, scale
from qvopt.optimizers.gradient_trace import trace
from qvopt.optimizers.moments import scale_by_adam, scale_by_lion, scale_by_nadam

RATE = 0.01


def bare_descent(g, s):
    return -RATE * g, s


def bare_momentum(g, s):
    (v,) = s
    v = 0.9 * v + g
    return -RATE * v, (v,)


def bare_adagrad(g, s):
    (total,) = s
    total = total + g * g
    return -RATE * g / np.sqrt(total + 1e-8), (total,)


def bare_rmsprop(g, s):
    (v,) = s
    v = 0.9 * v + 0.1 * g * g
    return -RATE * g / (np.sqrt(v) + 1e-8), (v,)


def bare_adam(g, s):
    m, v, t = s
    t += 1
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    return -RATE * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), (m, v, t)


def bare_nadam(g, s):
    m, v, t = s
    t += 1
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    seen = 0.9 * m / (1 - 0.9 ** (t + 1)) + 0.1 * g / (1 - 0.9**t)
    return -RATE * seen / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), (m, v, t)


def bare_lion(g, s):
    (m,) = s
    u = np.sign(0.9 * m + 0.1 * g)
    return -RATE * u, (0.99 * m + 0.01 * g,)


def rules(n):
    """name: (ours, bare step, bare state, optax, torch)."""
    z = np.zeros(n)
    end = scale(-RATE)
    return {
        "gradient-descent": (end, bare_descent, (), "sgd", "SGD", {}),
        "momentum": (chain(trace(0.9), end), bare_momentum, (z,), "sgd", "SGD", {"momentum": 0.9}),
        "adagrad": (chain(scale_by_adagrad(), end), bare_adagrad, (z,), "adagrad", "Adagrad", {}),
        "rmsprop": (chain(scale_by_rms(), end), bare_rmsprop, (z,), "rmsprop", "RMSprop", {}),
        "adam": (chain(scale_by_adam(), end), bare_adam, (z, z, 0), "adam", "Adam", {}),
        "adamw": (
            chain(scale_by_adam(), add_decayed_weights(0.01), end),
            bare_adam, (z, z, 0), "adamw", "AdamW", {},
        ),
        "nadam": (chain(scale_by_nadam(), end), bare_nadam, (z, z, 0), "nadam", "NAdam", {}),
        "lion": (chain(scale_by_lion(), end), bare_lion, (z,), "lion", None, {}),
    }  # fmt: skip


def stepper_ours(rule, x):
    state = [rule.init(x)]

    def step(g):
        u, state[0] = rule.update(g, state[0], x)
        return x + u

    return step


def stepper_bare(function, state, x):
    held = [state]

    def step(g):
        u, held[0] = function(g, held[0])
        return x + u

    return step


def stepper_optax(name, keywords, x):
    try:
        import jax
        import optax
    except ImportError:
        return None
    jax.config.update("jax_enable_x64", True)
    rule = getattr(optax, name)(RATE, **keywords)
    update = jax.jit(rule.update)
    held = [rule.init(x)]

    def step(g):
        u, held[0] = update(g, held[0], x)
        return x + np.asarray(u)

    return step


def stepper_torch(name, keywords, x):
    try:
        import torch
    except ImportError:
        return None
    if name is None:
        return None
    torch.set_num_threads(1)
    parameter = torch.nn.Parameter(torch.tensor(x))
    rule = getattr(torch.optim, name)([parameter], RATE, **keywords)

    def step(g):
        parameter.grad = torch.from_numpy(g)
        rule.step()
        return parameter.detach().numpy()

    return step


def times(steppers, gradients, repeats):
    """Median time of a step in microseconds by stepper, measured in turns."""
    rounds = 20
    out = {name: [] for name, step in steppers.items() if step is not None}
    for name in out:
        for g in gradients:
            steppers[name](g)
    for _ in range(rounds):
        for name in out:
            step, began = steppers[name], time.perf_counter()
            for k in range(repeats // rounds):
                step(gradients[k % len(gradients)])
            out[name].append((time.perf_counter() - began) / (repeats // rounds))
    return {name: 1e6 * float(np.median(t)) for name, t in out.items()}


def peak(step, g):
    """Peak of memory allocated in a step, in vectors as long as g."""
    step(g)
    tracemalloc.start()
    step(g)
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found / g.nbytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--parameters", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--write", action="store_true", help="renew docs/benchmarks.md")
    arguments = parser.parse_args()
    with printed(arguments.write, "benchmarks.md", "optimizer-overhead"):
        show(arguments)


def show(arguments: argparse.Namespace) -> None:
    """Measure, and print the rows."""
    n = arguments.parameters
    rng = np.random.default_rng(0)
    x, gradients = rng.normal(size=n), list(rng.normal(size=(32, n)))
    columns = ("qvopt", "numpy", "optax", "torch")
    print(f"{n} parameters; microseconds a step")
    print(f"{'rule':18s}" + "".join(f"{c:>9s}" for c in columns) + "  qvopt/numpy   peak (vectors)")
    for name, (ours, bare, state, in_optax, in_torch, keywords) in rules(n).items():
        steppers = {
            "qvopt": stepper_ours(ours, x),
            "numpy": stepper_bare(bare, state, x),
            "optax": stepper_optax(in_optax, keywords, x),
            "torch": stepper_torch(in_torch, keywords, x),
        }
        found = times(steppers, gradients, arguments.repeats)
        large = np.abs(rng.normal(size=100_000))
        memory = [
            peak(stepper_ours(ours, large), large),
            peak(
                stepper_bare(bare, tuple(large if np.ndim(s) else s for s in state), large), large
            ),
        ]
        cells = "".join(f"{found[c]:9.1f}" if c in found else f"{'-':>9s}" for c in columns)
        ratio = found["qvopt"] / found["numpy"]
        print(f"{name:18s}{cells}  {ratio:11.2f}   {memory[0]:.1f} against {memory[1]:.1f}")


if __name__ == "__main__":
    main()
