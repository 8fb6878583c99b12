"""What the scripts here share: a loop over a transform, a table, a figure."""

import sys
import tempfile
from pathlib import Path

import numpy as np

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")


def follow(transform, gradient, x, steps, **extra):
    """x <- x + update(gradient(x, t)); return the path, shape (steps + 1, n)."""
    state, path = transform.init(x), [x]
    for t in range(steps):
        update, state = transform.update(gradient(x, t), state, x, **extra)
        x = x + update
        path.append(x)
    return np.array(path)


def print_table(rows):
    """Rows of dicts, aligned."""
    head = list(rows[0])
    cells = [[f"{v:.3g}" if isinstance(v, float) else str(v) for v in row.values()] for row in rows]
    width = [max(len(r[k]) for r in [head, *cells]) for k in range(len(head))]
    for row in [head, *cells]:
        texts = [row[0].ljust(width[0]), *(c.rjust(w) for c, w in zip(row[1:], width[1:]))]  # noqa: B905
        print("  ".join(texts))


def figure(panels, size=(9, 3.8)):
    """A figure with panels in a row."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {"axes.prop_cycle": plt.cycler(color=COLOURS), "font.size": 9, "axes.grid": True,
         "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False}
    )  # fmt: skip
    return plt.subplots(1, panels, figsize=size, layout="constrained", dpi=120)


def save(fig, script):
    """Write the figure where the command line says, else into the system's temporary folder.

    With `--write` it goes into docs/images/optimizers and, with what made it, into the gallery.
    """
    name = Path(script).stem
    if sys.argv[1:] == ["--write"]:
        path = renewed(name)
    elif len(sys.argv) > 1:
        path = Path(sys.argv[1])
    else:
        folder = Path(tempfile.gettempdir()) / "qvopt-examples"
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.png"
    fig.savefig(path)
    print(f"\npicture: {path}")


def renewed(name):
    """Renew the part of docs/gallery.md with this script's picture; return where that belongs."""
    sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    from published import DOCS, renew

    image = f"![{name.replace('_', ' ')}](images/optimizers/{name}.png)\n"
    renew("gallery.md", name, image, f"python examples/optimizers/{name}.py --write")
    return DOCS / "images" / "optimizers" / f"{name}.png"
