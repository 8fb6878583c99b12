"""Runs attempts in this process and says what is wrong with the replies."""

import contextlib
import io
import os
import shutil
import signal
import sys
import time
import traceback
import warnings

from qvopt.cli.command_line import run
from qvopt_molecules.errors import QvoptError

MOST_SECONDS = 2.0
LONGEST = 320
HANGS = 30.0  # seconds of the processor: an attempt that is valid may take its time
WAITS = 600.0  # seconds of the clock: other processes take theirs


class TooLong(BaseException):
    """An attempt did not end."""


def _stop(number, frame):
    raise TooLong


@contextlib.contextmanager
def surroundings(attempt, folder):
    before, home = os.getcwd(), dict(os.environ)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in attempt.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    os.chdir(folder)
    os.environ.update(attempt.environment)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(home)
        shutil.rmtree(folder, ignore_errors=True)


def _called(call):
    """Call as the command line does: an error of qvopt's own kinds is a line and an exit code."""
    try:
        call()
    except QvoptError as error:
        print(f"qvopt: {error}", file=sys.stderr)
        return error.exit_code
    except MemoryError:
        print("qvopt: out of memory", file=sys.stderr)
        return 2
    return 0


def faults(attempt, folder):
    """What is wrong with the reply to an attempt, in a text; empty if nothing is."""
    out, err = io.StringIO(), io.StringIO()
    wrong = ""
    code = None
    signal.signal(signal.SIGALRM, _stop)
    signal.signal(signal.SIGPROF, _stop)
    with surroundings(attempt, folder), warnings.catch_warnings():
        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning):
            warnings.simplefilter("ignore", kind)  # as Python starts
        began = time.process_time()
        signal.setitimer(signal.ITIMER_REAL, WAITS)
        signal.setitimer(signal.ITIMER_PROF, HANGS)
        stdin, sys.stdin = sys.stdin, io.StringIO("")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = _called(attempt.call) if attempt.call else run(attempt.arguments)
        except TooLong:
            wrong = "hangs: " + "".join(traceback.format_exc().splitlines(True)[-6:])
        except KeyboardInterrupt:
            raise
        except BaseException:
            wrong = "raises: " + traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            sys.stdin = stdin
        seconds = time.process_time() - began
    reply = err.getvalue()
    if not wrong and code == 70:
        place = reply.strip().rpartition(" ")[2]
        try:
            with open(place) as file:
                wrong = "internal error: " + file.read()
            os.unlink(place)
        except OSError:
            wrong = "internal error: " + reply
    # `doctor` prints a table of its checks; it ends with 2 where one of them fails.
    table = attempt.arguments[:1] == ["doctor"] and not reply
    if not wrong and code == 2 and not table:
        lines = reply.splitlines()
        if attempt.kind.startswith("folder"):
            # Steps of a task that came before what is damaged have their lines.
            lines = lines[-1:] if sum(line.startswith("qvopt: ") for line in lines) == 1 else lines
        if len(lines) != 1 or not reply.endswith("\n"):
            wrong = f"{len(lines)} lines: {reply}"
        elif not lines[0].startswith("qvopt: ") or not lines[0].isprintable():
            wrong = f"odd reply: {reply!r}"
        elif len(lines[0]) > LONGEST:
            wrong = f"{len(lines[0])} characters: {reply}"
        elif seconds > MOST_SECONDS and not attempt.kind.startswith("folder"):
            # A task with a damaged file does its work until it comes there.
            wrong = f"refused after {seconds:.1f} s: {reply}"
    if not wrong and code not in (0, 1, 2, 3, 4, 75):
        wrong = f"exit code {code}: {reply}"
    if not wrong and ("Traceback" in reply or "Warning" in reply):
        wrong = f"code {code}, noise: {reply[:1500]}"
    return wrong
