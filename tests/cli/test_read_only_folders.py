"""A folder that can only be read: what reads it prints, what would write is refused in a line."""

import ctypes
import json
import os
import subprocess
import sys

import pytest

from qvopt import run, scan

# Every command in one process, which prints (exit code, lines of output, errors) of each.
PROGRAM = """
import contextlib, io, json, sys
from qvopt.cli.command_line import run
for line in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(line)
    print(json.dumps([code, out.getvalue(), err.getvalue()]))
"""
READ = (["show", "run"], ["show", "run", "--json"], ["resume", "run"], ["fetch", "run"])
WRITE = (
    ["resume", "run", "--max-steps", "5", "-q"], ["properties", "run"], ["diagonalize", "run"],
    ["properties", "run", "--exact"], ["run", "h2", "-q"], ["scan", "scan", "-q"],
    ["run", "h2", "-q", "--out", "run"],
)  # fmt: skip


def without_privileges():
    """Let permissions hold for root too: drop its right to pass them over."""
    library = ctypes.CDLL(None)
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        library.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="drops capabilities of Linux")
def test_what_reads_prints_and_what_writes_is_a_line(tmp_path):
    run("h2", shots=100, max_steps=1, out=tmp_path / "run")
    scan("h2", "bond", "0.7:0.8:2", max_steps=0, out=tmp_path / "scan")
    before = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")}
    folders = [tmp_path, *(p for p in tmp_path.rglob("*") if p.is_dir())]
    for path in tmp_path.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    tmp_path.chmod(0o555)
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, json.dumps([*READ, *WRITE])],
            cwd=tmp_path, capture_output=True, text=True, check=True,
            preexec_fn=without_privileges,
            env=os.environ | {"QVOPT_CACHE_DIR": "/nonexistent"},
        )  # fmt: skip
    finally:
        for folder in folders:
            folder.chmod(0o755)
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(replies) == len(READ) + len(WRITE)
    for line, (code, out, err) in zip(READ, replies, strict=False):
        assert code == 0, (line, err)
        assert "-1.1" in out
        assert err == "" or err.startswith("note: cannot write run/convergence.png")
    for line, (code, _, err) in zip(WRITE, replies[len(READ) :], strict=True):
        assert code in (2, 4), (line, err)
        assert err.startswith("qvopt: ")
        assert err.count("\n") == 1
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob("*")} == before
