"""Which way imports go, what is loaded when, and what may never be called."""

import ast
import subprocess
import sys
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

# What a room may import of the project; the first prefix that fits a module decides.
ALLOWED = [
    ("qvopt_molecules", ("qvopt_molecules",)),
    ("qvopt_circuits", ("qvopt_molecules", "qvopt_circuits")),
    ("qvopt.optimizers", ("qvopt_molecules.errors", "qvopt.optimizers")),
    ("qvopt.measurement", ("qvopt_molecules", "qvopt_circuits", "qvopt.measurement")),
    (
        "qvopt.backends",
        ("qvopt_molecules", "qvopt_circuits", "qvopt.measurement", "qvopt.backends"),
    ),
    (
        "qvopt.gradients",
        ("qvopt_molecules", "qvopt_circuits", "qvopt.measurement", "qvopt.backends.protocol",
         "qvopt.gradients"),
    ),
    ("qvopt.tasks", ("qvopt_molecules", "qvopt_circuits", "qvopt.")),
    ("qvopt.cli", ("qvopt",)),
    ("qvopt.runs.driver", ("qvopt_molecules", "qvopt.")),
]  # fmt: skip
LAZY = {
    "braket", "distributed", "matplotlib", "mthree", "pandas", "pennylane", "pyarrow", "pyscf",
    "qiskit", "qiskit_aer", "qiskit_ibm_runtime", "qiskit_ionq",
}  # fmt: skip


def imports(path, module):
    """(name, at the top of the file?) for everything a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    if path.name == "__init__.py":
        package = module.split(".")[:-1]
    top = set(ast.walk(tree)) - {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in top
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            yield ".".join([*base, *([node.module] if node.module else [])]), node in top


@pytest.mark.parametrize(("module", "path"), FILES, ids=[m for m, _ in FILES])
def test_imports_go_one_way(module, path):
    allowed = next((a for prefix, a in ALLOWED if module.startswith(prefix)), None)
    for name, _ in imports(path, module):
        if name.split(".")[0] in PACKAGES and allowed is not None:
            assert name.startswith(allowed), f"{module} may not import {name}"


@pytest.mark.parametrize(("module", "path"), FILES, ids=[m for m, _ in FILES])
def test_heavy_libraries_are_imported_when_used(module, path):
    checking = "TYPE_CHECKING" in path.read_text(encoding="utf-8")
    for name, top in imports(path, module):
        if top and not checking:
            assert name.split(".")[0] not in LAZY, f"{module} imports {name} at its top"


@pytest.mark.parametrize(("module", "path"), FILES, ids=[m for m, _ in FILES])
def test_nothing_unsafe_is_called(module, path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"eval", "exec", "compile", "__import__"}
        if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
            assert isinstance(node.value, ast.Constant)
            assert node.value.value is False
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute):
            is_global = node.value.attr == "random" and isinstance(node.value.value, ast.Name)
            if is_global and node.value.value.id == "np":
                assert node.attr in {"default_rng", "Generator", "SeedSequence"}
    assert not {n for n, _ in imports(path, module)} & {"pickle", "shelve", "marshal", "dill"}


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


@pytest.mark.parametrize(("module", "path"), FILES, ids=[m for m, _ in FILES])
def test_tasks_stand_above_the_engine(module, path):
    """Only the command line and the package's front door know the tasks."""
    if module.startswith(("qvopt.tasks", "qvopt.cli")) or module == "qvopt.__init__":
        return
    for name, _ in imports(path, module):
        assert not name.startswith("qvopt.tasks"), f"{module} may not import {name}"


def test_files_stay_small():
    long = {m: n for m, p in FILES if (n := len(p.read_text().splitlines())) > 400}
    assert not long
