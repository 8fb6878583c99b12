"""What a comparison keeps of its problems: their integrals, frozen, and what was found of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from qvopt.engine.assembly import hamiltonian_of
from qvopt.experiment.named_order import BEFORE, with_named_order
from qvopt.experiment.specification import MoleculeSpec
from qvopt.records.derived import read_derived
from qvopt_molecules.atomic_files import write_file
from qvopt_molecules.errors import InputError
from qvopt_molecules.spins import Hamiltonian
from qvopt_molecules.storage import load_hamiltonian, save_hamiltonian

from .budgets import RunBudget


@dataclass(frozen=True)
class FrozenProblem:
    """One problem, ready to run.

    Attributes:
        label: its name, unique within the comparison.
        base: experiment without optimizer, shots, seed and budget; its grouping is resolved.
        integrals: content hash of the Hamiltonian.
        references: Hartree-Fock and full CI energies, Hartree.
        reference: energy that errors are counted from, Hartree.
        exact: whether the backend tells exact energies itself.
        sizes: qubits, parameters, determinants, measurement groups, energies of a gradient.
        prices: seconds and journal bytes of an energy and of a gradient, for the forecast.
        shots: from the file; None takes the comparison's.
        budget: caps of a run.
        reference_name: what the reference is called, such as "CASCI(2, 2)".
        start_error: true energy at the start less the reference, Hartree, the largest of a few
            seeds' where starts are drawn; None where it is not known.
    """

    label: str
    base: Mapping[str, Any]
    integrals: str
    references: Mapping[str, float | None]
    reference: float
    exact: bool
    sizes: Mapping[str, int]
    prices: Mapping[str, float] = field(default_factory=dict)
    shots: tuple[int, ...] | None = None
    budget: Mapping[str, Any] = field(default_factory=dict)
    reference_name: str = ""
    start_error: float | None = None

    @property
    def run_budget(self) -> RunBudget:
        """What a run may spend."""
        return RunBudget.model_validate(dict(self.budget))

    @property
    def unit(self) -> str:
        """The unit of its energies."""
        return MoleculeSpec.model_validate(self.base["molecule"]).energy_unit


class ProblemStore:
    """Frozen integrals and prepared problems of a comparison's folder; None keeps them in memory.

    Recomputed integrals may rotate degenerate orbitals: a comparison that is extended, or shared
    by machines, goes on with those that it began with.
    """

    def __init__(self, folder: Path | None, *, writable: bool = True) -> None:
        self._folder = folder
        self._writable = writable and folder is not None
        self._known: dict[str, Any] = {}
        self._memory: dict[str, Hamiltonian] = {}
        if folder is not None:
            self._known = read_derived(folder / "problems.json")

    def hamiltonian(self, spec: MoleculeSpec) -> tuple[Hamiltonian, str]:
        """Return the integrals of a description and their hash, frozen from their first use on."""
        # What is not given is left out: a later version may know more that can be given.
        description = spec.model_dump(mode="json", exclude_none=True)
        document = json.dumps([description, _file_hash(spec.name)])
        key = "molecule " + hashlib.sha256(document.encode()).hexdigest()[:20]
        digest = self._known.get(key)
        if isinstance(digest, str):
            try:
                return self._load(digest), digest
            except InputError:  # lost or damaged: computed again, and found under its own hash
                pass
        hamiltonian = hamiltonian_of(spec)
        digest = hamiltonian.content_hash()
        self._memory[digest] = hamiltonian
        if self._folder is not None and self._writable:
            path = integrals_path(self._folder, digest)
            path.parent.mkdir(exist_ok=True)
            save_hamiltonian(hamiltonian, path)
        self._known[key] = digest
        return hamiltonian, digest

    def _load(self, digest: str) -> Hamiltonian:
        if digest not in self._memory:
            if self._folder is None:
                raise InputError("there are no such integrals")
            hamiltonian = load_hamiltonian(integrals_path(self._folder, digest))
            if hamiltonian.content_hash() != digest:
                raise InputError(f"integrals {digest[:16]} are damaged")
            self._memory[digest] = hamiltonian
        return self._memory[digest]

    def recall(self, key: str) -> FrozenProblem | None:
        """Return a problem that was prepared before."""
        try:
            return FrozenProblem(**self._known[key])
        except (KeyError, TypeError):
            return None

    @property
    def has_earlier_orders(self) -> bool:
        """Whether some problem has spin-adapted circuits that do not name their order."""
        ansaetze = [
            known["base"]["ansatz"]
            for known in self._known.values()
            if isinstance(known, dict) and "ansatz" in known.get("base", {})
        ]
        return any(with_named_order(ansatz, BEFORE) != ansatz for ansatz in ansaetze)

    def keep(self, key: str, problem: FrozenProblem) -> None:
        """Remember a prepared problem."""
        self._known[key] = asdict(problem)

    def save(self) -> None:
        """Write what is remembered."""
        if self._folder is not None and self._writable:
            text = json.dumps(self._known, indent=1) + "\n"
            write_file(self._folder / "problems.json", text, durable=True)


def integrals_path(folder: Path, digest: str) -> Path:
    """Where integrals are kept, once for all runs."""
    return folder / "integrals" / f"{digest[:20]}.npz"


def _file_hash(name: str) -> str | None:
    """The content of a molecule's file: a changed one is another molecule."""
    try:
        path = Path(name)
        return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except (OSError, ValueError):
        return None
