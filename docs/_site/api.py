"""The Python interface: public names, from their docstrings and types."""

import importlib
import inspect
from collections.abc import Iterator

from pydantic import BaseModel

from qvopt.optimizers.registry import describe, optimizer_names

from .markdown import code, escaped, fenced, table

_MODULES = {
    "qvopt": "Runs, tasks and comparisons",
    "qvopt.transforms": "Gradient transformations",
    "qvopt.optimizers.protocol": "What an optimizer asks and is answered",
    "qvopt_circuits": "Circuits and ansätze",
    "qvopt_molecules": "Molecules, Hamiltonians and references",
}
_ELSEWHERE = {"qvopt": {"optimizers", "transforms"}}


def pages() -> Iterator[tuple[str, str]]:
    """Yield a page for each public module."""
    yield "reference/optimizer-functions.md", _optimizers()
    for module, title in _MODULES.items():
        yield f"reference/{module.replace('.', '-')}.md", _page(module, title)


def _optimizers() -> str:
    """The factories of `qvopt.optimizers`, a row each."""
    rows = []
    for name in optimizer_names():
        entry = describe(name)
        function = name.replace("-", "_")
        options = ", ".join(f"{key}={value!r}" for key, value in entry.defaults.items())
        rows.append([f"[{code(function)}](optimizers.md#optimizer-{name})", code(options)])
    return "\n\n".join(
        [
            "# Optimizers by name: `qvopt.optimizers`",
            "Each registered optimizer is a function of its hyper-parameters. Its result is the "
            "argument `optimizer` of `run`, `compare` and `minimize`.",
            fenced("from qvopt import optimizers, run\n\n"
                   'run("h2", optimizer=optimizers.adam(learning_rate=0.1), shots=1000)', "python"),
            table(["function", "hyper-parameters and defaults"], rows),
        ]
    ) + "\n"  # fmt: skip


def _page(module: str, title: str) -> str:
    members = importlib.import_module(module)
    names = getattr(members, "__all__", None) or _public(members)
    summary = (inspect.getdoc(members) or "").split("\n\n")[0]
    parts = [f"# {escaped(title)}: `{module}`", escaped(summary)]
    for name in names:
        if name not in _ELSEWHERE.get(module, ()):
            parts.append(f"## {escaped(name)}\n\n" + _directive(module, name))
    return "\n\n".join(parts) + "\n"


def _public(module: object) -> list[str]:
    """Names that a module defines itself."""
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def _directive(module: str, name: str) -> str:
    value = getattr(importlib.import_module(module), name)
    if inspect.isclass(value):
        model = issubclass(value, BaseModel)  # whose signature would be every default at length
        lines = [f".. autoclass:: {module}.{name}{'(**tables)' if model else ''}", "   :members:"]
        lines += ["   :exclude-members: model_config"] * model
    elif callable(value):
        lines = [f".. autofunction:: {module}.{name}"]
    else:
        lines = [f".. autodata:: {module}.{name}", "   :no-value:"]
    return fenced("\n".join(lines), "{eval-rst}")
