"""Which way imports go, what is loaded when, and what may never be called."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = {
    "qvopt_molecules": ROOT / "molecules" / "qvopt_molecules",
    "qvopt_circuits": ROOT / "circuits" / "qvopt_circuits",
    "qvopt": ROOT / "qvopt",
}
FILES = [
    (f"{package}.{path.relative_to(folder).with_suffix('').as_posix().replace('/', '.')}", path)
    for package, folder in PACKAGES.items()
    for path in sorted(folder.rglob("*.py"))
]

# The rooms, as a staircase: a room knows only rooms on lower steps, and none beside it.
STAIRCASE = [
    {"molecules"},
    {"circuits", "optimizers"},
    {"measurement"},
    {"backends"},
    {"gradients", "records"},
    {"experiment"},
    {"engine"},
    {"runs"},
    {"comparison", "cloud"},
    {"tasks"},
    {"cli"},
]
STEP = {room: step for step, rooms in enumerate(STAIRCASE) for room in rooms}
FRONT_DOORS = {"qvopt", "qvopt.__init__", "qvopt.__main__", "qvopt.transforms"}
_GENERAL = ("argument_checks", "arguments", "arrays", "errors", "handed", "options")
KNOWN_TO_OPTIMIZERS = {f"qvopt_molecules.{m}" for m in _GENERAL}
LAZY = {
    "braket", "distributed", "matplotlib", "mthree", "pandas", "pennylane", "pyarrow", "pyscf",
    "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "qiskit_ionq",
}  # fmt: skip

DRAWING = {"qvopt.comparison.pictures.log_ticks"}
"""Modules that extend a class of matplotlib; those that draw import them where they do."""


@cache
def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def statements(tree, top=True):
    """Every statement below a node, and whether it stands outside of all functions."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield node, top and not inside
            yield from statements(node, top and not inside)


@cache
def imports(path, module):
    """(name, at the top of the file?) for everything a file imports."""
    return tuple(_imports(path, module))


def _imports(path, module):
    tree = parsed(path)
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    if path.name == "__init__.py":
        package = module.split(".")[:-1]
    for node, top in statements(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, top
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])]), top


def room_of(module):
    """The room of a module, or None for the package's front door."""
    package, *rest = module.split(".")
    if package != "qvopt":
        return package.removeprefix("qvopt_")
    return None if module in FRONT_DOORS else rest[0]


def upward(module, path):
    """Imports of a file that do not go down the stairs."""
    room = room_of(module)
    if room is None:
        return []
    wrong = []
    for name, _ in imports(path, module):
        if name.split(".")[0] in PACKAGES and (other := room_of(name)) != room:
            # Numbers in, numbers out: of molecules, optimizers know the errors alone.
            blind = room == "optimizers" and name not in KNOWN_TO_OPTIMIZERS
            if other is None or STEP[other] >= STEP[room] or blind:
                wrong.append(name)
    return wrong


def test_every_file_has_a_room():
    rooms = {room_of(module) for module, _ in FILES} - {None}
    assert rooms == set(STEP)


def test_imports_go_one_way():
    wrong = {module: names for module, path in FILES if (names := upward(module, path))}
    assert not wrong


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("qvopt.runs.planted", "from qvopt.cloud.program import HardwareProgram"),
        ("qvopt.records.planted", "from qvopt.gradients.rules import RULES"),
        ("qvopt.backends.planted", "def f():\n    from qvopt import run"),
        ("qvopt.optimizers.planted", "import qvopt_molecules.molecule"),
        ("qvopt_molecules.planted", "import qvopt_circuits"),
    ],
)
def test_a_planted_upward_import_is_found(module, line, tmp_path):
    file = tmp_path / "planted.py"
    file.write_text(line)
    assert upward(module, file)


def test_heavy_libraries_are_imported_when_used():
    wrong = [
        f"{module} imports {name} at its top"
        for module, path in FILES
        if "TYPE_CHECKING" not in path.read_text(encoding="utf-8") and module not in DRAWING
        for name, top in imports(path, module)
        if top and name.split(".")[0] in LAZY
    ]
    assert not wrong


def test_nothing_unsafe_is_called():
    wrong = [f"{module}: {what}" for module, path in FILES for what in unsafe(module, path)]
    assert not wrong


def unsafe(module, path):
    """Calls that run text, pickles, and the global random generator."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in {"eval", "exec", "compile", "__import__"}:
                yield node.func.id
        elif isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                yield "allow_pickle"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            is_global = node.value.attr == "random" and isinstance(node.value.value, ast.Name)
            safe = {"default_rng", "Generator", "SeedSequence"}
            if is_global and node.value.value.id == "np" and node.attr not in safe:
                yield f"np.random.{node.attr}"
    for name, _ in imports(path, module):
        if name in {"pickle", "shelve", "marshal", "dill"}:
            yield name


@pytest.mark.parametrize(
    "code",
    [
        "import qvopt",
        "from qvopt.cli import main; import sys; sys.argv = ['qvopt', '--help']; main()",
        "from qvopt.cli import main; import sys; sys.argv = ['qvopt', 'list', 'molecules']; main()",
    ],
)
def test_light_commands_load_nothing_heavy(code):
    report = f"import atexit, sys; atexit.register(lambda: print(*sys.modules)); {code}"
    out = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in out.stdout.split()}
    assert not loaded & (LAZY | {"numba", "scipy"})


def test_no_two_modules_import_each_other():
    """Circles at import time, over any number of modules."""
    paths = dict(FILES)
    edges = {
        module: {name for name, top in imports(path, module) if top and name in paths}
        for module, path in FILES
    }
    order: list[str] = []
    state: dict[str, int] = {}

    def visit(module, trail):
        if state.get(module) == 1:
            pytest.fail(" -> ".join([*trail[trail.index(module) :], module]))
        if state.get(module) is None:
            state[module] = 1
            for other in sorted(edges[module]):
                if not checked_only(paths[module], other):
                    visit(other, [*trail, module])
            state[module] = 2
            order.append(module)

    for module in sorted(edges):
        visit(module, [])
    assert len(order) == len(FILES)


def checked_only(path, name):
    """Whether a file imports a module under TYPE_CHECKING alone."""
    text = path.read_text(encoding="utf-8")
    if "if TYPE_CHECKING:" not in text:
        return False
    inside = {
        node
        for block in ast.walk(parsed(path))
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.unparse(block.test)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
    }
    tail = name.rsplit(".", 1)[-1]
    return any((node.module or "").rsplit(".", 1)[-1] == tail for node in inside)


def test_files_stay_small():
    long = {m: n for m, p in FILES if (n := len(p.read_text().splitlines())) > 400}
    assert not long


def test_classes_stay_small():
    big = {
        f"{module}.{node.name}": n
        for module, path in FILES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef)
        and not any("Protocol" in ast.unparse(base) for base in node.bases)
        and (
            n := sum(
                isinstance(m, ast.FunctionDef) and not m.name.startswith("_") for m in node.body
            )
        )
        > 17
    }
    assert not big
