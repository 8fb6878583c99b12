"""What may be handed over as an ansatz: circuits, quantum functions, circuits with a start."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from typing import Any, Final

import numpy as np

from qvopt_molecules.arrays import FloatArray
from qvopt_molecules.errors import InputError
from qvopt_molecules.handed import OBJECT, recorded_object
from qvopt_molecules.spins import Hamiltonian

from .ansatz import Ansatz, Preparation
from .circuit import Circuit
from .given import GivenCircuit

_TAKEN: Final = (
    "a name, a table with a name, one of qvopt's ansätze, a qvopt or Qiskit circuit, a PennyLane "
    "function of one array, an object with circuit and start, or 'module:attribute'"
)
_MOST_PARAMETERS: Final = 1000


@dataclass(frozen=True, eq=False)
class ObjectAnsatz:
    """An ansatz of someone else's: `circuit(hamiltonian)` and `start(hamiltonian, rng)`.

    Either may also be the value itself: a Circuit, an array.
    """

    thing: Any
    name: str

    def circuit(self, hamiltonian: Hamiltonian) -> Circuit:
        """Return its circuit. Raises InputError where it is none."""
        made = self.thing.circuit
        made = made(hamiltonian) if callable(made) else made
        if not isinstance(made, Circuit):
            made = circuit_of(made)
        return made

    def start(self, hamiltonian: Hamiltonian, rng: np.random.Generator) -> FloatArray:
        """Return its start point, shape (n_parameters,)."""
        made = self.thing.start
        made = made(hamiltonian, rng) if callable(made) else made
        return np.asarray(made, dtype=np.float64).reshape(-1)

    def over_spins(self, hamiltonian: Any) -> Preparation:
        """Return its circuit over qubits without electrons."""
        own = getattr(self.thing, "over_spins", None)
        if own is not None:
            preparation: Preparation = own(hamiltonian)
            return preparation
        return Preparation(self.circuit(hamiltonian), lambda rng: self.start(hamiltonian, rng))


def circuit_of(thing: Any) -> Circuit:
    """Return another library's circuit as ours."""
    given = ansatz_of(thing)
    if not isinstance(given, GivenCircuit):
        raise InputError(f"a circuit is qvopt's or Qiskit's, got {type(thing).__name__}")
    return given.over(given.n_qubits)


def ansatz_of(thing: Any) -> Any:
    """Return an object as one of our ansätze where it is a circuit; else as it is.

    Raises InputError for what is no ansatz.
    """
    if isinstance(thing, Circuit):
        return GivenCircuit.of(thing)
    roots = {base.__module__.partition(".")[0] for base in type(thing).__mro__}
    if "qiskit" in roots:
        from .reading.from_qiskit import read_qiskit

        return read_qiskit(thing)
    if "pennylane" in roots or _is_function(thing):
        return _of_function(thing)
    is_class = isinstance(thing, type)
    if is_class or not all(getattr(thing, part, None) is not None for part in ("circuit", "start")):
        kind = f"the class {thing.__name__}" if is_class else type(thing).__name__
        raise InputError(f"an ansatz is {_TAKEN}; got {kind}")
    return thing


def recorded_ansatz(name: str, options: Mapping[str, Any]) -> Ansatz:
    """Return the ansatz that an experiment records as an object, or as "module:attribute".

    An attribute that is a class, or a function of keyword options, makes the ansatz.
    """
    label = name.rpartition(":")[2]
    if name.startswith(OBJECT):
        return _named(recorded_object(name, options.get("source"), "ansatz"), label)
    thing = recorded_object(name, None, "ansatz")
    if isinstance(thing, type) or (options and callable(thing)) or _is_factory(thing):
        try:
            thing = thing(**options)
        except TypeError as error:
            raise InputError(f"ansatz {name}: {error}") from None
    elif options:
        raise InputError(f"ansatz {name} is no class or function and takes no options")
    return _named(thing, label)


def _named(thing: Any, label: str) -> Ansatz:
    ansatz = ansatz_of(thing)
    if isinstance(ansatz, GivenCircuit):
        return ansatz
    return ObjectAnsatz(ansatz, str(getattr(ansatz, "name", label)))


def _is_function(thing: Any) -> bool:
    """Whether it is a function of one array."""
    return not isinstance(thing, type) and callable(thing) and len(_required(thing)) == 1


def _is_factory(thing: Any) -> bool:
    has_parts = all(getattr(thing, part, None) is not None for part in ("circuit", "start"))
    return callable(thing) and not has_parts and not _required(thing)


def _required(thing: Any) -> list[Parameter]:
    try:
        parameters = signature(getattr(thing, "func", thing)).parameters.values()
    except (TypeError, ValueError):
        return []
    return [
        p
        for p in parameters
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]


def _of_function(function: Callable[..., Any]) -> GivenCircuit:
    """Read a PennyLane function from zeros, of as many parameters as it takes."""
    import pennylane as qml

    from .reading.from_pennylane import read_pennylane

    inner = getattr(function, "func", function)
    for start in (np.zeros(()), *(np.zeros(n) for n in range(1, _MOST_PARAMETERS))):
        try:
            script = qml.tape.make_qscript(inner)(start)
        except IndexError:
            continue
        except Exception as error:  # whatever a user's function raises
            raise _shape_unknown(error) from None
        if script.batch_size is not None:
            raise _shape_unknown(ValueError("its parameters are arrays"))
        return read_pennylane(function, start)
    raise _shape_unknown(IndexError("it takes more"))


def _shape_unknown(error: Exception) -> InputError:
    text = " ".join(str(error).split())[:80]
    return InputError(
        f"the PennyLane function does not take one array of up to {_MOST_PARAMETERS} parameters "
        f"({text}); give it with its start, from_pennylane(function, start)"
    )
