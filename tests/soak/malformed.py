"""Malformed input by grammar: command lines, files, environments, folders and objects.

`attempt(number)` makes everything from SeedSequence([SEED, number]), so a reproducer is a number.
"""

import malformed_folders
import malformed_objects
from grammar import (
    ANSATZE,
    BACKENDS,
    COMPARISON,
    EXPERIMENT,
    FCIDUMP,
    GROUPINGS,
    MAPPINGS,
    MOLECULE_FILE,
    MOLECULES,
    NUMBERS,
    OPTIMIZERS,
    OPTIONS,
    POINTS,
    UNITS,
    VARIABLES,
    WORDS,
    XYZ,
    Attempt,
    Grammar,
)


def attempt(number):
    """The attempt of a number."""
    grammar = Grammar(number)
    return KINDS[number % len(KINDS)](grammar)


def _command(g):
    """A command line of `run` with odd options and settings."""
    optimizer = g.one(OPTIMIZERS)
    line = ["run", g.one(MOLECULES) if g.chance(0.4) else "h2", "--quiet"]
    if g.chance(0.7):
        line += ["--max-steps", g.one(("0", "1", "2"))]
    else:
        line += ["--max-steps", "3"]
    if g.chance(0.6):
        line += ["--optimizer", optimizer]
    if g.chance(0.4):
        line += ["--shots", g.one(("1", "2", "10", "100", "1000"))]
    if g.chance(0.3):
        line += ["--ansatz", g.one(ANSATZE)]
    if g.chance(0.2):
        line += ["--mapping", g.one(MAPPINGS)]
    if g.chance(0.2):
        line += ["--grouping", g.one(GROUPINGS)]
    if g.chance(0.15):
        line += ["--backend", g.one(BACKENDS)]
    for _ in range(int(g.rng.integers(0, 4))):
        line += ["--set", f"{g.key(optimizer)}={g.value()}"]
    if g.chance(0.3):
        line += [g.one(OPTIONS), g.value()]
    if g.chance(0.1):
        line.append(g.value())
    if g.chance(0.1):
        line.append("--dry")
    return Attempt("command", line)


def _typed(g):
    """Every option of the experiment in its right place, with one value of the right type."""
    optimizer = g.one(OPTIMIZERS)
    line = ["run", "h2", "--quiet", "--max-steps", g.one(("0", "1", "4")), "--optimizer", optimizer]
    if g.chance(0.5):
        line += ["--shots", g.one(("10", "100"))]
    from qvopt.optimizers.registry import describe

    names = tuple(describe(optimizer).defaults)
    for _ in range(int(g.rng.integers(1, 4))):
        line += ["--set", f"optimizer.{g.one(names)}={g.one(NUMBERS)}"]
    return Attempt("typed", line)


def _molecule_settings(g):
    """A catalogue molecule with odd parameters, charges, spins, bases and spaces."""
    names = ("bond", "angle", "u", "t", "sites", "electrons", "j", "delta", "field", "periodic")
    line = ["run", g.one(MOLECULES), "--quiet", "--max-steps", "0"]
    for _ in range(int(g.rng.integers(1, 3))):
        match int(g.rng.integers(4)):
            case 0 | 1:
                line += ["--set", f"{g.one(names)}={g.one(NUMBERS)}"]
            case 2:
                option = g.one(("--charge", "--spin", "--frozen-core"))
                line += [option, g.one(("0", "1", "-1", "2", "7", "100", "-100", "99999999999"))]
            case 3:
                space = f"{g.one(('0', '1', '2', '3', '9', '-1', 'x'))},{g.one('01239-x')}"
                line += ["--active-space", space]
    return Attempt("settings", line)


def _ansatz(g):
    """An ansatz with odd values of its options."""
    from dataclasses import fields

    from qvopt_circuits.catalogue import _OURS

    name = g.one(ANSATZE)
    line = ["run", "h2", "--quiet", "--max-steps", "1", "--ansatz", name]
    names = [field.name for field in fields(_OURS[name][0])]
    for _ in range(int(g.rng.integers(1, 3))):
        value = g.one(NUMBERS) if g.chance(0.7) else g.value()
        line += ["--set", f"ansatz.{g.one(names)}={value}"]
    if g.chance(0.2):
        line += ["--mapping", g.one(MAPPINGS)]
    if g.chance(0.2):
        line += ["--backend", g.one(("sector", "statevector", "lightning"))]
    return Attempt("ansatz", line)


def _experiment_file(g):
    text = g.field_replaced(EXPERIMENT) if g.chance(0.75) else EXPERIMENT
    data = g.damaged(text) if g.chance(0.35) else text.encode("utf-8", "surrogatepass")
    return Attempt("experiment", ["run", "e.toml", "--quiet"], {"e.toml": data})


def _geometry(g):
    command = g.one((["run"], ["run"], ["measurements"]))
    rest = [] if command == ["measurements"] else ["--max-steps", "0", "--quiet"]
    more = ["--charge", g.one(("0", "1", "-1"))] if g.chance(0.3) and rest else []
    return Attempt("geometry", [*command, g.geometry(), *rest, *more])


def _fcidump(g):
    data = g.damaged(FCIDUMP) if g.chance(0.9) else FCIDUMP.encode()
    return Attempt(
        "fcidump", ["run", "m.fcidump", "--max-steps", "0", "--quiet"], {"m.fcidump": data}
    )


def _xyz(g):
    data = g.damaged(XYZ)
    return Attempt("xyz", ["run", "m.xyz", "--max-steps", "0", "--quiet"], {"m.xyz": data})


def _molecule_file(g):
    text = g.field_replaced(MOLECULE_FILE) if g.chance(0.7) else MOLECULE_FILE
    data = g.damaged(text) if g.chance(0.4) else text.encode("utf-8", "surrogatepass")
    return Attempt("molecule", ["run", "m.toml", "--max-steps", "0", "--quiet"], {"m.toml": data})


def _budget(g):
    number = int(g.rng.integers(1, 4))
    parts = [f"{g.one(NUMBERS)}{g.one((' ', '', '  '))}{g.one(UNITS)}" for _ in range(number)]
    text = g.one((", ", ",", ";", " ")).join(parts)
    line = ["run", "h2", "--shots", "10", "--max-steps", "1", "--quiet", "--budget", text]
    return Attempt("budget", line)


def _environment(g):
    values = {g.one(VARIABLES): g.one(WORDS[:-1]) for _ in range(int(g.rng.integers(1, 3)))}
    values = {k: v.replace("\0", "") for k, v in values.items()}
    line = g.one(
        (
            ["run", "h2", "--max-steps", "0", "--quiet"],
            ["list", "backends"],
            ["doctor"],
            ["run", "h2", "--backend", "ibm:ibm_fez", "--shots", "10", "--max-steps", "0"],
            ["submit", "h2", "--backend", "braket:sv1", "--shots", "10", "--dry"],
            ["submit", "h2", "--backend", "ionq:simulator", "--shots", "10", "--dry"],
        )
    )
    return Attempt("environment", line, environment=values)


def _comparison_file(g):
    text = g.field_replaced(COMPARISON) if g.chance(0.8) else COMPARISON
    data = g.damaged(text) if g.chance(0.3) else text.encode("utf-8", "surrogatepass")
    return Attempt("comparison", ["compare", "c.toml", "--dry", "--quiet"], {"c.toml": data})


def _task(g):
    """A task with odd options; what runs is small."""
    value = g.value
    line = g.one(
        (
            ["scan", "h2", "--bond", value(), "--max-steps", "0", "--quiet"],
            ["scan", "h2", "--scan", value(), "--max-steps", "0", "--quiet"],
            ["scan", "h2", "--bond", f"0.7:{g.one(NUMBERS)}:{g.one(POINTS)}", "--max-steps", "0",
             "--quiet"],
            ["excited", "h2", "--states", g.one(NUMBERS), "--max-steps", "0"],
            ["excited", "h2", "--method", value(), "--max-steps", "0"],
            ["excited", "h2", "--beta", g.one(NUMBERS), "--max-steps", "1", "--states", "2"],
            ["relax", "h2", "--tolerance", g.one(NUMBERS), "--max-geometries", "1"],
            ["relax", "h2", "--max-geometries", g.one(NUMBERS), "--tolerance", "1"],
            ["oo-vqe", "h2", "--tolerance", g.one(NUMBERS), "--max-rounds", "1"],
            ["properties", value()],
            ["resume", value()],
            ["resume", "run", "--max-steps", value()],
            ["show", value()],
            ["show", "run", "--picture", value()],
            ["status", value(), "--offline"],
            ["fetch", value()],
            ["cancel", value()],
            ["compare", value()],
            ["compare", "c.toml", g.one(("--seeds", "--budget", "--only", "--workers", "--max-gb",
                                         "--cluster", "--out")), value(), "--dry"],
            ["report", value()],
            ["worker", value()],
            ["validate", value(), "--repeats", "20"],
            ["validate", "sector", "--shots", g.one(NUMBERS), "--repeats", "20"],
            ["validate", "sector", "--repeats", g.one(NUMBERS[:9]), "--shots", "10"],
            ["list", value()],
            ["measurements", "h2", "--set", f"{g.key()}={value()}"],
            ["submit", "h2", "--backend", g.one(BACKENDS), "--shots", value(), "--dry"],
            ["doctor", "--backend", value()],
        )
    )  # fmt: skip
    return Attempt("task", line, {"c.toml": COMPARISON.encode()})


KINDS = (
    _command, _typed, _experiment_file, _geometry, _fcidump, _xyz, _molecule_file, _budget,
    _environment, _comparison_file, _task, _command, _typed, _experiment_file, _task,
    _molecule_file, _molecule_settings, _ansatz,
    *malformed_folders.KINDS, *malformed_objects.KINDS, *malformed_folders.KINDS,
    *malformed_objects.KINDS,
)  # fmt: skip
