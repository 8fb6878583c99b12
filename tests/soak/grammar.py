"""What malformed input is made of: odd numbers, words and structures, and ways to damage a text."""

import json
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

SEED = 20261128

NUMBERS = (
    "0", "1", "2", "3", "5", "7", "-1", "1.5", "0.1", "-0.0", "1e-300", "5e-324", "1e300", "1e308",
    "-1e308", "1e400", "inf", "-inf", "nan", "1e15", "1e16", "9223372036854775807",
    "9223372036854775808", "-9223372036854775809", "1" * 320, "9" * 5000, "0x10", "1_000", "1,5",
    "05", ".5", "5.", "+3", "1e", "--3", "١٢", "²", "½",
)  # fmt: skip
WORDS = (
    "", " ", "x", "abc", "four", "None", "null", "True", "False", "true", "false", "yes", "adam",
    "h2", "fci", "zeros", "ccsd", "ä", "é́", "💥", "a" * 300, "b" * 12000, "two\nlines",
    "tab\there", "\x1b[31mred", "'", '"', "\\", "$(id)", "%s%n", "{}", "../..", "/", "~",
    "~nobody/x", "/dev/null", "a=b", "=", ".", "..", ":", "ibm:", "aer:", "sector:x", ":x",
    "\u202e", "\ud7ff",
)  # fmt: skip
STRUCTURES = (
    "[]", "[1]", "[1, 2]", "[[]]", "[1.5, 'x']", "['a', 'b']", "{}", "{a = 1}", "{name = 'adam'}",
    "{name = 5}", "[nan]", "[1e308, 1e308]", "[true]", "2020-01-01", "2020-01-01T00:00:00Z",
    "12:30:00", "''", "'''x'''", "{p = 0.1}", "{readout = 2.0}", "[" * 200, "[" * 50 + "]" * 50,
    "{tensored = true}", "[0, 1]", "[-1, 0]", "[99999999999]", "[1.0, 3.0]", "[1, 1]",
)  # fmt: skip

MOLECULES = ("h2", "h3+", "heh+", "hubbard", "heisenberg", "h4-square", "lih", "h4-chain", "nope")
ATOMS = ("H", "h", "He", "X", "Xx", "1", "H1", "Gh", "D", "", "Uuo", "C", "-")
COORDINATES = ("0", "0.74", "1.5", "bond", "1/0", "sqrt(-1)", "sin(30)", "2*(3", "e", "1e", "()",
               "a.b", "__import__", "1e3", "-0.7", "0.7;", "1**9", "nan", "1e308", "*")  # fmt: skip

OPTIMIZERS = (
    "gradient-descent", "momentum", "nesterov", "adagrad", "rmsprop", "adadelta", "adam", "amsgrad",
    "adamax", "nadam", "adamw", "adabelief", "yogi", "lion", "adafactor", "blockwise", "qng",
    "qng-momentum", "qng-adam", "l-bfgs", "noise-aware-l-bfgs", "spsa", "qn-spsa", "rotosolve",
    "excitation-solve", "icans", "gcans", "rosalin", "kalman-newton", "cobyla", "nelder-mead",
    "powell", "cma-es", "bobyqa", "slsqp", "bfgs", "tnc", "conjugate-gradient",
)  # fmt: skip
ANSATZE = (
    "uccsd", "qeb", "uccgsd", "k-upccgsd", "tups", "fabric", "adapt", "lucj", "hva", "qcc",
    "real-amplitudes", "efficient-su2", "number-preserving", "circuit", "hardware-efficient",
)  # fmt: skip
BACKENDS = ("sector", "statevector", "lightning", "aer", "sector:x", "lightning:default.qubit",
            "aer:fake_manila", "ibm:fake_manila", "ibm:", "braket:sv1", "ionq:simulator",
            "object:x", "nope")  # fmt: skip
GROUPINGS = (
    "fluid-basis-rotation", "basis-rotation", "fully-commuting", "fully-commuting-shared",
    "fully-commuting-coloring", "qubit-wise", "qubit-wise-shared", "qubit-wise-coloring",
    "derandomized", "nope",
)  # fmt: skip
MAPPINGS = ("jordan-wigner", "parity", "parity-reduced", "bravyi-kitaev", "jordan-wigner-tapered",
            "nope")  # fmt: skip
KEYS = (
    "bond", "angle", "u", "t", "mu", "sites", "electrons", "periodic", "site_basis", "j", "delta",
    "field", "molecule.name", "molecule.set", "molecule.set.bond", "molecule.basis",
    "molecule.charge", "molecule.spin", "molecule.active_space", "molecule.active_space.electrons",
    "molecule.active_space.n_orbitals", "molecule.active_space.orbitals",
    "molecule.active_space.frozen_core", "molecule.active_space.selection",
    "molecule.active_space.threshold", "molecule.active_space.labels", "molecule.orbitals",
    "molecule.symmetry", "molecule.occupied", "ansatz", "ansatz.name", "optimizer",
    "optimizer.name", "backend", "backend.name", "backend.threads", "backend.noise",
    "backend.noise_model", "backend.method", "backend.device", "backend.layout", "backend.repeats",
    "backend.optimization_level", "backend.grace", "backend.poll", "backend.seed_transpiler",
    "backend.price_per_second", "backend.currency", "backend.resilience", "backend.mode",
    "backend.twirling", "backend.dynamical_decoupling", "mapping", "measurement",
    "measurement.shots", "measurement.grouping", "measurement.allocation", "measurement.gradient",
    "measurement.gradient.name", "measurement.gradient.step", "measurement.gradient_allocation",
    "measurement.metric", "measurement.postselect", "mitigation", "mitigation.readout",
    "mitigation.readout.shots", "mitigation.readout.every", "mitigation.readout.method",
    "mitigation.zne", "mitigation.zne.scales", "mitigation.zne.fit", "mitigation.zne.folding",
    "seed", "max_steps", "max_steps.y", "monitor", "budget", "budget.shots", "budget.circuits",
    "budget.evaluations", "budget.jobs", "budget.qpu_seconds", "budget.money", "budget.currency",
    "stopping", "stopping.gradient", "stopping.plateau", "start", "shots", "token", "x", "x.y.z",
    ".", "a.", ".a", "a..b", "ansatz.gates", "ansatz.n_qubits",
)  # fmt: skip
OPTIONS = ("--shots", "--seed", "--max-steps", "--basis", "--charge", "--spin", "--active-space",
           "--frozen-core", "--mapping", "--grouping", "--allocation", "--budget-shots", "--budget",
           "--ansatz", "--optimizer", "--backend", "--nope", "-x", "--out")  # fmt: skip
POINTS = ("0", "1", "2", "3", "-1", "1.5", "nan", "x", "", "9" * 5000, "1e3", "100001")
UNITS = ("shots", "shot", "circuits", "evaluations", "jobs", "QPU-min", "QPU-s", "QPU-h", "EUR",
         "USD", "GBP", "", "min", "Shots", "shots shots", "💶")  # fmt: skip
VARIABLES = (
    "QISKIT_IBM_TOKEN", "QISKIT_IBM_TOKEN_FILE", "QISKIT_IBM_URL", "QISKIT_IBM_INSTANCE",
    "IONQ_API_KEY", "IONQ_API_KEY_FILE", "IONQ_API_URL", "AWS_REGION", "AWS_DEFAULT_REGION",
    "AWS_SHARED_CREDENTIALS_FILE", "AMZN_BRAKET_OUT_S3_BUCKET", "OMP_NUM_THREADS", "XDG_CACHE_HOME",
    "COLUMNS", "TERM", "NO_COLOR", "HOME",
)  # fmt: skip
FCIDUMP = """ &FCI NORB=2,NELEC=2,MS2=0,
  ORBSYM=1,1,
  ISYM=1,
 &END
 0.6745 1 1 1 1
 0.1813 2 1 2 1
 0.6636 2 2 1 1
 0.6977 2 2 2 2
 -1.2528 1 1 0 0
 -0.4756 2 2 0 0
 0.7137 0 0 0 0
"""
XYZ = "2\ncharge=0 spin=0\nH 0.0 0.0 0.0\nH 0.0 0.0 0.74\n"
MOLECULE_FILE = """name = "pair"
geometry = "H 0 0 0; H 0 0 bond"
basis = "sto-3g"
charge = 0
spin = 0
[parameters]
bond = 0.74
"""
EXPERIMENT = """seed = 3
max_steps = 1
mapping = "jordan-wigner"
[molecule]
name = "h2"
[molecule.set]
bond = 0.8
[ansatz]
name = "uccsd"
[optimizer]
name = "adam"
learning_rate = 0.1
[backend]
name = "sector"
[measurement]
shots = 100
grouping = "qubit-wise"
allocation = "variance"
[measurement.gradient]
name = "parameter-shift"
[budget]
shots = 100000
[stopping]
plateau = 10
"""
COMPARISON = """title = "t"
seeds = 2
shots = 100
budget = 5000
targets = [1.6, 10.0]
optimizers = ["adam", {name = "spsa", learning_rate = 0.1, label = "s"}]
[[problems]]
molecule = {name = "h2", set = {bond = [0.7, 0.8]}}
ansatz = "uccsd"
mapping = ["jordan-wigner"]
[tuning]
trials = 2
"""


@dataclass
class Attempt:
    """A command line, the files beside it, and changes to the environment; or a call in Python."""

    kind: str
    arguments: list[str]
    files: dict[str, bytes] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    call: Callable[[], object] | None = None

    def __str__(self):
        shown = {k: v[:2000] for k, v in self.files.items()} if len(self.files) < 4 else ""
        return f"{shlex.join(self.arguments)[:1500]} {shown or ''} {self.environment or ''}"


class Grammar:
    """Draws from one stream."""

    def __init__(self, number):
        self.rng = np.random.default_rng(np.random.SeedSequence([SEED, number]))

    def one(self, options):
        return options[int(self.rng.integers(len(options)))]

    def chance(self, probability):
        return bool(self.rng.random() < probability)

    def value(self):
        """A value as typed after KEY=."""
        return self.one(self.one((NUMBERS, WORDS, STRUCTURES)))

    def toml_value(self):
        """A value of a TOML file: mostly of valid syntax."""
        kind = self.one("nwsr")
        if kind == "n":
            return self.one(NUMBERS)
        if kind == "w":
            return json.dumps(self.one(WORDS)) if self.chance(0.9) else self.one(WORDS)
        return self.one(STRUCTURES)

    def key(self, optimizer="adam"):
        """A key for --set."""
        if self.chance(0.35):
            from qvopt.optimizers.registry import describe

            return f"optimizer.{self.one(tuple(describe(optimizer).defaults))}"
        if self.chance(0.2):
            return f"ansatz.{self.one(ANSATZ_OPTIONS)}"
        return self.one(KEYS)

    def geometry(self):
        """An inline geometry, more or less."""
        rows = []
        for _ in range(int(self.rng.integers(1, 4))):
            count = 3 if self.chance(0.8) else int(self.rng.integers(0, 6))
            xyz = [self.one(COORDINATES) if self.chance(0.3) else f"{self.rng.normal():.3f}"
                   for _ in range(count)]  # fmt: skip
            atom = "H" if self.chance(0.7) else self.one(ATOMS)
            rows.append(self.one((" ", "  ", "\t", ",")).join([atom, *xyz]))
        return self.one(("; ", ";", "\n", " ; ;")).join(rows)

    def damaged(self, text):
        """A text with some of it changed, lost, doubled or put elsewhere."""
        return self.damaged_bytes(text.encode("utf-8", "surrogatepass"))

    def damaged_bytes(self, data):
        """Bytes likewise."""
        data = bytearray(data)
        for _ in range(int(self.rng.integers(1, 5))):
            if not data:
                break
            at = int(self.rng.integers(len(data)))
            match int(self.rng.integers(7)):
                case 0:
                    data[at] ^= 1 << int(self.rng.integers(8))
                case 1:
                    del data[at : at + int(self.rng.integers(1, 20))]
                case 2:
                    del data[at:]
                case 3:
                    data[at:at] = data[at : at + 20]
                case 4:
                    data[at:at] = self.one(self.one((NUMBERS, WORDS))).encode()
                case 5:
                    lines = bytes(data).split(b"\n")
                    self.rng.shuffle(lines)
                    data = bytearray(b"\n".join(lines))
                case 6:
                    data[at : at + 1] = bytes([int(self.rng.integers(256))])
        return bytes(data)

    def field_replaced(self, text):
        """A TOML text with values, keys or tables in the place of others."""
        lines = text.split("\n")
        for _ in range(int(self.rng.integers(1, 4))):
            at = int(self.rng.integers(len(lines)))
            key, equals, _ = lines[at].partition("=")
            if equals and self.chance(0.75):
                lines[at] = f"{key}= {self.toml_value()}"
            elif self.chance(0.3):
                del lines[at]
                lines = lines or [""]
            else:
                key = self.one(KEYS).split(".")[-1] or "k"
                lines.insert(at, f"{key} = {self.toml_value()}")
        return "\n".join(lines)


ANSATZ_OPTIONS = (
    "spin_adapted", "point_group", "order", "initial", "trotter_steps", "qubit_excitations", "k",
    "layers", "repetitions", "connectivity", "spread", "pool", "tolerance", "energy_tolerance",
    "max_operators", "per_step", "disjoint", "inner_steps", "entanglement", "gates", "n_qubits",
    "rotations", "entangler", "reference", "generators",
)  # fmt: skip
