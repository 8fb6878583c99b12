"""Malformed input by the thousand: one line, exit code 2, at most two seconds, no traceback.

4,000 attempts take about ten minutes on one core. `SOAK_ATTEMPTS=100000` makes more of them,
`SOAK_FIRST=50000` begins elsewhere; an attempt is its number, whatever ran before it.
"""

import os
import subprocess
import sys

import pytest
from malformed import Attempt, attempt
from replies import faults

FIRST = int(os.environ.get("SOAK_FIRST", "0"))
ATTEMPTS = int(os.environ.get("SOAK_ATTEMPTS", "4000"))
CHUNK = 250


@pytest.fixture(scope="module", autouse=True)
def _imported(tmp_path_factory):
    """Import and compile what attempts need, which the limit of two seconds does not count."""
    first = [attempt(number) for number in range(20)]
    for backend in ("lightning", "aer", "ibm:fake_manila", "braket:sv1", "ionq:simulator"):
        line = ["run", "h2", "--backend", backend, "--shots", "100", "--max-steps", "0", "--quiet"]
        first.append(Attempt("first", line))
    for tried in first:
        faults(tried, tmp_path_factory.mktemp("first"))


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", range(FIRST, FIRST + ATTEMPTS, CHUNK))
def test_a_reply_is_a_line(first, tmp_path):
    wrong = []
    for number in range(first, first + CHUNK):
        tried = attempt(number)
        fault = faults(tried, tmp_path / str(number))
        if fault:
            wrong.append(f"{number} {tried.kind}: {tried}\n{fault[-1500:]}")
    assert not wrong, "\n\n".join(wrong)


@pytest.mark.timeout(3600)
def test_a_process_replies_alike(tmp_path):
    """A sample of the same in processes of their own, where nothing is imported before."""
    for number in range(FIRST, FIRST + 12):
        tried = attempt(number)
        folder = tmp_path / str(number)
        folder.mkdir()
        for name, data in tried.files.items():
            (folder / name).write_bytes(data)
        try:
            arguments = [a.encode() for a in tried.arguments]
        except UnicodeEncodeError:
            continue  # no shell can pass it on
        done = subprocess.run(
            [sys.executable, "-m", "qvopt", *arguments],
            cwd=folder, env=os.environ | tried.environment, capture_output=True, timeout=120,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        reply = done.stderr.decode("utf-8", "replace")
        assert "Traceback" not in reply, tried
        assert done.returncode in (0, 1, 2, 3, 4, 75), f"{tried}\n{reply}"
        if done.returncode == 2 and tried.arguments[0] != "doctor":
            assert reply.count("\n") == 1, f"{tried}\n{reply}"
            assert len(reply) <= 330, f"{tried}\n{reply}"
