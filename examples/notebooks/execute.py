"""Execute the notebooks and store their outputs, without anything of the machine or the time.

    python examples/notebooks/execute.py [NOTEBOOK ...] [--check]

Needs `pip install '.[test]'`. Each notebook runs in a kernel and a temporary folder of its own. A
cell that fails or warns ends the command. `--check` executes and writes nothing.
"""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
TIMEOUT = 300
"""Seconds that a cell may take."""

_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_TIMES = (
    (re.compile(r"^(time +)[\d.]+ s\n?", re.M), ""),
    (re.compile(r"<tr><td>time</td><td>[\d.,]+</td><td>s</td></tr>"), ""),
)


def code_hash(notebook):
    """SHA-256 of the code cells: outputs are those of this code."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256(json.dumps(code).encode()).hexdigest()


def normalised(notebook, temporary=None):
    """The notebook without times, paths below `temporary`, versions, and bars of progress."""
    notebook = notebook.copy()
    notebook.metadata = {**_METADATA, "executed_code": code_hash(notebook)}
    for number, cell in enumerate(notebook.cells):
        cell["id"], cell["metadata"] = f"cell-{number}", {}
        if cell.cell_type == "code":
            cell["outputs"] = [
                _plain(output, temporary) for output in cell.outputs if not _is_bar(output)
            ]
    return notebook


def _is_bar(output):
    return "<progress" in output.get("data", {}).get("text/html", "")


def _plain(output, temporary):
    if "text" in output:
        output["text"] = _without_times(output["text"], temporary)
    if "data" in output:
        output["metadata"] = {}
        for kind, text in output["data"].items():
            if kind.startswith("text/"):
                output["data"][kind] = _without_times(text, temporary)
            elif kind == "image/png":
                output["data"][kind] = text.replace("\n", "")
    return output


def _without_times(text, temporary):
    for pattern, replacement in _TIMES:
        text = pattern.sub(replacement, text)
    if temporary is not None:
        text = re.sub(rf"{re.escape(str(temporary))}/\w+", "FOLDER", text)
    return text


def execute(notebook):
    """Run the cells in order, in a new kernel; return the normalised notebook.

    Raises RuntimeError for a cell that writes on standard error.
    """
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as temporary:
        os.environ["TMPDIR"] = temporary  # of the kernel, so that its folders end with it
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            kernel_name="python3",
            record_timing=False,
            extra_arguments=["--HistoryManager.enabled=False"],
            resources={"metadata": {"path": temporary}},
        )
        client.execute()
        left = sorted(path.name for path in Path(temporary).iterdir() if not path.is_dir())
        if left:
            raise RuntimeError(f"the notebook writes into the working directory: {left}")
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                if output.get("name") == "stderr":
                    raise RuntimeError(f"a cell warns:\n{cell.source}\n\n{output['text']}")
        return normalised(notebook, temporary)


def main():
    import nbformat

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted(FOLDER.glob("*.ipynb")))
    parser.add_argument("--check", action="store_true", help="execute, and write nothing")
    arguments = parser.parse_args()
    for path in arguments.notebooks:
        print(path.name, flush=True)
        notebook = execute(nbformat.read(path, as_version=4))
        if not arguments.check:
            nbformat.write(notebook, path)


if __name__ == "__main__":
    sys.exit(main())
