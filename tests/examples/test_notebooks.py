"""The tutorials run cell by cell, assert what they say, and are stored as they came out."""

import ast
import base64
import gc
import importlib
import io
import json
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import matplotlib
import nbformat
import pytest
import typer
from command_line import command_line
from matplotlib import pyplot

import qvopt.cli.command_line  # noqa: F401  registers the commands
from qvopt import forecast, load
from qvopt.cli.app import app

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
SLOW = {
    "2_own_molecule",
    "3_own_optimizer_and_circuit",
    "4_qubits_and_qaoa",
    "5_from_snapshot_to_device",
}
MOST_BYTES = 250_000
OURS = {"qvopt", "qvopt_circuits", "qvopt_molecules"}
# What the plain install brings, apart from the packages that a first text names.
PLAIN = {"matplotlib", "networkx", "numpy", "pennylane", "pyscf", "qiskit", "scipy"}

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@pytest.fixture
def executor(scripts):
    return scripts.load(FOLDER / "execute.py")


def read(path):
    return nbformat.read(path, as_version=4)


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def script_of(notebook):
    """The cells as one script; `shown` takes what ends a cell, which a notebook displays."""
    lines = []
    for cell in code_of(notebook):
        tree = ast.parse(cell.source)
        if isinstance(tree.body[-1], ast.Expr):
            tree.body[-1].value = ast.Call(ast.Name("shown"), [tree.body[-1].value], [])
        lines.append(ast.unparse(ast.fix_missing_locations(tree)))
    return "\n".join(lines)


def test_there_are_five():
    assert [path.stem[0] for path in NOTEBOOKS] == list("12345")


@pytest.mark.parametrize(
    "path",
    [pytest.param(p, id=p.stem, marks=[pytest.mark.slow] if p.stem in SLOW else [])
     for p in NOTEBOOKS],
)  # fmt: skip
@pytest.mark.filterwarnings("default")  # of the libraries that a notebook uses
def test_every_cell_runs(path, tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    matplotlib.use("agg")
    script = tmp_path / "script.py"
    script.write_text(script_of(read(path)), encoding="utf-8")
    pages = []

    def shown(value):
        if type(value).__module__.split(".")[0] in OURS:
            pages.append(value._repr_html_())

    runpy.run_path(str(script), init_globals={"shown": shown})
    pyplot.close("all")
    gc.collect()  # PySCF's temporary files, which warn
    for html in pages:
        check_page(html)
    assert not list(folder.iterdir())


def check_page(html):
    """Tags are closed in order, and pictures are pictures."""
    from html.parser import HTMLParser

    from PIL import Image

    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.opened = []

        def handle_starttag(self, tag, attributes):
            if tag != "img":
                self.opened.append(tag)
                return
            kind, _, data = dict(attributes)["src"].partition(",")
            assert kind == "data:image/png;base64"
            assert min(Image.open(io.BytesIO(base64.b64decode(data))).size) > 200

        def handle_endtag(self, tag):
            assert self.opened.pop() == tag

    Tags().feed(html)
    assert "<table>" in html
    assert "<tr></tr>" not in html


@every_notebook
def test_stored_outputs_are_those_of_the_code(path, executor):
    notebook = read(path)
    nbformat.validate(notebook)
    assert notebook.metadata["executed_code"] == executor.code_hash(notebook)
    assert [c.execution_count for c in code_of(notebook)] == list(
        range(1, 1 + len(code_of(notebook)))
    )
    kinds = {o.output_type for c in code_of(notebook) for o in c.outputs}
    assert kinds <= {"stream", "execute_result", "display_data"}
    pictures = [o for c in code_of(notebook) for o in c.outputs if "image/png" in o.get("data", {})]
    assert pictures


@every_notebook
def test_what_is_stored_says_nothing_of_a_machine(path, executor):
    notebook = read(path)
    text = path.read_text(encoding="utf-8")
    assert executor.normalised(read(path)) == notebook
    assert len(text) < MOST_BYTES
    shown = json.dumps([c.get("outputs", []) for c in notebook.cells])
    shown = re.sub(r'"image/png": "[^"]*"|base64,[^"\\]*', "", shown)
    assert not re.search(r"/(home|Users|root|tmp|work|var|usr)/|\w:\\\\|0x[0-9a-f]{6}", shown)
    assert not re.search(r"\d{4}-\d\d-\d\d[T ]\d\d:|\d\d:\d\d:\d\d", shown)
    assert "Warning" not in shown


@every_notebook
def test_it_needs_what_its_first_text_names(path):
    notebook = read(path)
    first = notebook.cells[0].source
    assert "pip install" in first
    for cell in code_of(notebook):
        for node in ast.walk(ast.parse(cell.source)):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                modules = [node.module]
            for module in modules:
                package = module.split(".")[0]
                known = package in OURS | PLAIN or package in sys.stdlib_module_names
                assert known or f"pip install {package}" in first, package
    snapshots = any("ibm:" in cell.source for cell in code_of(notebook))
    assert snapshots == (".[ibm]" in first)


@every_notebook
def test_links_of_a_notebook_lead_somewhere(path):
    for cell in read(path).cells:
        for target in re.findall(r"\]\(([^)#:]+)\)", cell.source):
            assert cell.cell_type == "code" or (path.parent / target).exists(), target


def commands_of(path):
    """Command lines of the text, without comments."""
    text = "\n".join(c.source for c in read(path).cells if c.cell_type == "markdown")
    text = re.sub(r"\\\n\s*", "", text)
    blocks = re.findall(r"^qvopt .*$", text, re.M)
    inline = [line.replace("\n", " ") for line in re.findall(r"`(qvopt [^`]*)`", text)]
    return [re.sub(r"\s+#.*", "", line) for line in (*blocks, *inline)]


@every_notebook
def test_options_of_its_commands_exist(path):
    commands = typer.main.get_command(app).commands
    for line in commands_of(path):
        name, *arguments = shlex.split(line)[1:]
        known = {o for p in commands[name].params for o in (*p.opts, *p.secondary_opts)}
        options = {a for a in arguments if a.startswith("--")} - {"--bond"}
        assert options <= known, line


@pytest.mark.slow
def test_its_commands_do_what_the_cells_do(tmp_path):
    """Those that need no account, in a folder."""
    run, show, resume = commands_of(NOTEBOOKS[0])
    for line in (run, show, resume):
        done = command_line(*shlex.split(line)[1:], cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    cells = [o.get("text", "") for c in code_of(read(NOTEBOOKS[0])) for o in c.outputs]
    exact = re.search(r"60 steps: (-[\d.]+) Ha", "".join(cells))[1]
    assert f"{load(tmp_path / 'h2').exact:.6f}" == exact

    (scan,) = commands_of(NOTEBOOKS[1])
    done = command_line(*shlex.split(scan)[1:], "--out", "bh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "bh" / "scan.png").exists()

    line = next(line for line in commands_of(NOTEBOOKS[4]) if "--budget" in line)
    line = line.replace("<device>", "ibm_fez")
    done = command_line(*shlex.split(line)[1:], "--dry", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = forecast(
        "h2", backend="ibm:ibm_fez", shots=1000, max_steps=4, budget="20 QPU-min",
        measurement={"postselect": True}, mitigation={"reference": True},
    )  # fmt: skip
    assert f"{told.frame().qpu_seconds.iloc[-1]:.1f}" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_kernel_runs_them(path):
    """As a reader does: one kernel, nothing on standard error, nothing left in the folder."""
    command = [sys.executable, str(FOLDER / "execute.py"), str(path), "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the client and the kernel
def test_a_long_run_shows_a_bar_without_widgets(executor):
    source = "from qvopt import run\n"
    source += "result = run('h2', shots=200, optimizer='adam', max_steps=4000, seed=1)"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    client = importlib.import_module("nbclient").NotebookClient(notebook, kernel_name="python3")
    client.execute()
    (bar,) = notebook.cells[0].outputs
    assert bar.data["text/html"].startswith('<progress value="4000" max="4000">')
    assert "step 4,000 of at most 4,000, E = -1.13" in bar.data["text/plain"]
    assert not executor.normalised(notebook).cells[0].outputs
