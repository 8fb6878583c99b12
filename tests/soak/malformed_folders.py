"""Folders of runs and tasks with a damaged file, and the commands that read them."""

import functools
import json
import tempfile
import zlib
from pathlib import Path

from grammar import COMPARISON, Attempt

SMALL_COMPARISON = """seeds = 1
shots = 100
budget = 2000
optimizers = ["adam", {name = "spsa", tuned = true}]
[[problems]]
molecule = "h2"
[tuning]
trials = 2
seeds = 1
"""
HARDWARE = ["run", "h2", "--shots", "50", "--max-steps", "1", "--optimizer", "spsa", "--backend",
            "ibm:fake_manila", "--quiet"]  # fmt: skip
RUN = ["run", "h2", "--shots", "100", "--max-steps", "2", "--optimizer", "adam", "--quiet"]
SCAN = ["scan", "h2", "--bond", "0.7:0.9:2", "--max-steps", "1", "--quiet", "--out", "scan"]
EXCITED = ["excited", "h2", "--states", "2", "--max-steps", "1", "--out", "excited"]
RELAX = ["relax", "h2", "--max-geometries", "2", "--max-steps", "1", "--out", "relaxed"]
ORBITALS = ["oo-vqe", "lih", "--active-space", "2,2", "--max-rounds", "2", "--max-steps", "1",
            "--out", "orbitals"]  # fmt: skip
VALIDATE = ["validate", "sector", "--repeats", "20", "--shots", "20", "--out", "validated"]
COMPARE = ["compare", "c.toml", "--workers", "1", "--quiet", "--out", "compared"]

# What makes a folder, and what reads it.
_OF_A_RUN = (
    ["show", "{}"], ["show", "{}", "--json"], ["show", "{}", "--picture", "p.png"],
    ["resume", "{}", "--quiet"], ["resume", "{}", "--max-steps", "3", "--quiet", "--yes"],
    ["properties", "{}"], ["properties", "{}", "--exact"], ["diagonalize", "{}"],
    ["diagonalize", "{}", "--shots", "10"], ["status", "{}", "--offline"], ["fetch", "{}"],
    ["cancel", "{}"], ["submit", "{}", "--dry"], ["run", "{}/experiment.toml", "--quiet"],
    ["list", "runs"], ["scan", "{}"], ["report", "{}"],
)  # fmt: skip
FOLDERS = {
    "run": ([*RUN, "--out", "runs/run"], [[a.format("runs/run") for a in c] for c in _OF_A_RUN]),
    "hardware": (
        [*HARDWARE, "--out", "runs/hardware"],
        [[a.format("runs/hardware") for a in c] for c in _OF_A_RUN],
    ),
    "scan": (SCAN, [SCAN, ["scan", "scan"], ["scan", "scan", "--json"], ["show", "scan"],
                    ["show", "scan/points/0000"], ["resume", "scan/points/0001"],
                    ["list", "runs"]]),
    "excited": (EXCITED, [EXCITED, [*EXCITED, "--json"], ["show", "excited"]]),
    "relax": (RELAX, [RELAX, [*RELAX, "--json"], ["show", "relaxed"]]),
    "orbitals": (ORBITALS, [ORBITALS, ["show", "orbitals"]]),
    "validate": (VALIDATE, [VALIDATE, ["show", "validated"], ["resume", "validated"]]),
    "compare": (COMPARE, [COMPARE, ["compare", "compared", "--quiet"], ["report", "compared"],
                          ["worker", "compared", "--quiet"],
                          ["compare", "compared", "--collect", "--quiet"],
                          ["compare", "compared", "compared", "--merge", "--quiet", "--out", "m"],
                          ["compare", "compared", "--seeds", "2", "--dry"], ["show", "compared"]]),
}  # fmt: skip


@functools.cache
def whole(name):
    """The files of an undamaged folder, made once: relative path -> content."""
    from replies import surroundings

    from qvopt.cli.command_line import run

    made = Attempt("folder", FOLDERS[name][0], {"c.toml": SMALL_COMPARISON.encode()})
    with tempfile.TemporaryDirectory() as place, surroundings(made, Path(place) / "a"):
        import contextlib
        import io

        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert run(made.arguments) in (0, 1)
        return {
            str(path): path.read_bytes()
            for path in sorted(Path().rglob("*"))
            if path.is_file() and path.suffix not in {".png", ".pdf", ".svg", ".html", ".tex"}
        }


def damaged_folder(g):
    """A folder with one or two files damaged, or lost, and a command that reads it."""
    name = g.one(tuple(FOLDERS))
    files = dict(whole(name))
    for _ in range(1 if g.chance(0.8) else 2):
        path = g.one(tuple(files))
        damage_file(g, files, path)
    return Attempt(f"folder of {name}", list(g.one(FOLDERS[name][1])), files)


def damage_file(g, files, path):
    """Change a file as disks, kills and hands do."""
    data = files[path]
    match int(g.rng.integers(11)):
        case 0:
            del files[path]
        case 1:
            files[path] = b""
        case 2:
            files[path] = data[: len(data) // 2]
        case 3:
            files[path] = bytes(len(data))
        case 4:
            files[path] = data[: len(data) // 2] + bytes(len(data) - len(data) // 2)
        case 5:
            files[path] = files[g.one(tuple(files))]
        case 6 if path.endswith(".jsonl"):
            files[path] = _resealed(g, data)
        case 7 if path.endswith((".toml", ".json")):
            files[path] = g.field_replaced(data.decode()).encode("utf-8", "surrogatepass")
        case 8:
            del files[path]
            files[f"{path}/inside"] = b"x"  # a folder in the file's place
        case _:
            files[path] = g.damaged_bytes(data)


def _resealed(g, data):
    """A journal with one field of another value, and a checksum that fits: another program's."""
    lines = data.split(b"\n")[:-1]
    if not lines:
        return data
    at = int(g.rng.integers(len(lines)))
    try:
        event = json.loads(lines[at])
    except ValueError:  # damaged before
        return data
    event.pop("crc", None)
    where = event
    for _ in range(int(g.rng.integers(1, 4))):
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        if not keys:
            break
        key = g.one(tuple(keys))
        deeper = where[key]
        if not isinstance(deeper, dict | list) or g.chance(0.3):
            if g.chance(0.3):
                del where[key]
            else:
                where[key] = g.one(
                    (None, True, -1, 0, 1e308, "x", "", [], {}, [1], {"a": 1}, 2**70)
                )
            break
        where = deeper
    text = json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode()
    lines[at] = text[:-1] + b',"crc":"%08x"}' % zlib.crc32(text[:-1])
    return b"\n".join([*lines, b""])


GRAPH = "0 1\n1 2 2.5\n0 2\n2 3 0.5\n"
PAULIS = "0.5 XXI\n-1.0 ZII\n0.25 IZZ\n"
PAULI_TABLE = '{"XX": 0.5, "ZI": 1.0, "IZ": -0.25}'
TABLES = (
    '{"edges": [[0, 1], [1, 2, 2.5]]}', '{"qubo": [[1, -2], [-2, 3]]}',
    '{"ising": {"J": [[0, 1], [1, 0]], "h": [0.1, 0.2]}}', PAULI_TABLE,
    '{"XX": "1+2j"}', '{"edges": []}', '{"XX": 0.5, "X": 1}',
)  # fmt: skip
CLUSTER = """kind = "slurm"
queue = "short"
cores = 2
memory = "2GB"
walltime = "00:30:00"
jobs = 2
"""


def operator_file(g):
    """A file of Pauli strings, a graph or a table, damaged."""
    end = ["--max-steps", "1", "--quiet"]
    match int(g.rng.integers(4)):
        case 0:
            return Attempt("graph", ["run", "maxcut", "--set", "graph=e.txt", *end],
                           {"e.txt": g.damaged(GRAPH)})  # fmt: skip
        case 1:
            return Attempt("paulis", ["run", "p.txt", *end], {"p.txt": g.damaged(PAULIS)})
        case 2:
            return Attempt("table", ["run", "p.json", *end], {"p.json": g.damaged(g.one(TABLES))})
        case _:
            rows = "".join(
                f"{g.one(('XX', 'ZI', 'q', 'ZZZ', ''))} = {g.toml_value()}\n" for _ in range(2)
            )
            text = g.one(("", "[paulis]\n", "edges = [[0, 1]]\n", "qubo = ")) + rows
            return Attempt("toml operator", ["run", "p.toml", *end],
                           {"p.toml": text.encode("utf-8", "surrogatepass")})  # fmt: skip


def cluster_file(g):
    """A cluster file that is not one, for a comparison that would be."""
    text = g.field_replaced(CLUSTER) if g.chance(0.7) else CLUSTER
    data = g.damaged(text) if g.chance(0.4) else text.encode("utf-8", "surrogatepass")
    line = ["compare", "c.toml", "--dry", "--cluster", "k.toml"]
    return Attempt("cluster", line, {"c.toml": COMPARISON.encode(), "k.toml": data})


KINDS = (damaged_folder, damaged_folder, damaged_folder, operator_file, cluster_file)
