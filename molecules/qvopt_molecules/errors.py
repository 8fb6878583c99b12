"""Errors that a user can act on: one line that names the cause and suggests a fix."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any, Final

_MOST_LISTED: Final = 160  # characters of a list of names
MAX_LENGTH: Final = 300
"""Characters of a message: what is longer loses its middle, and keeps cause and suggestion."""


class QvoptError(Exception):
    """Base of every error that qvopt raises on purpose.

    Its text is one line of at most `MAX_LENGTH` printable characters, whatever the input held.
    `exit_code` is what the command line exits with.
    """

    exit_code = 1

    def __str__(self) -> str:
        return shorten(super().__str__(), MAX_LENGTH)


class InputError(QvoptError, ValueError):
    """The input cannot be used as given: a file, a name, a number or a combination."""

    exit_code = 2


class BudgetExceededError(QvoptError):
    """The next spend would pass a cap that the user set."""

    exit_code = 3


class BackendError(QvoptError):
    """A backend failed, or answered with something that is not a result."""

    exit_code = 4


def missing_extra(what: str, extra: str) -> InputError:
    """Return the error for a package that an extra of qvopt brings.

    >>> str(missing_extra("IBM Quantum needs qiskit-ibm-runtime", "ibm"))
    "IBM Quantum needs qiskit-ibm-runtime: pip install '.[ibm]' in a clone of qvopt"
    """
    return InputError(f"{what}: {extra_command(extra)} in a clone of qvopt")


def extra_command(extra: str) -> str:
    """The command that installs an extra of qvopt."""
    return f"pip install '.[{extra}]'"


def unknown_name(kind: str, name: Any, known: Iterable[str]) -> InputError:
    """Return the error for an unknown `name`, suggesting the nearest of the `known` ones.

    >>> str(unknown_name("optimizer", "adm", ["adam", "spsa"]))
    "unknown optimizer 'adm'; did you mean 'adam'? (known: adam, spsa)"
    """
    name = str(name)  # from Python it may be anything
    names = sorted(known)
    if not isinstance(name, str):
        return InputError(f"{kind} is a name, got {shown(name)} (known: {', '.join(names)})"[:300])
    spelled = {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), list(spelled), n=3, cutoff=0.5)
    hint = "; did you mean " + " or ".join(f"'{spelled[n]}'" for n in near) + "?" if near else ""
    text = ", ".join(names)
    if len(text) > _MOST_LISTED:
        text = text[:_MOST_LISTED].rpartition(", ")[0] + ", …"
    listed = "" if near and text.endswith("…") else f" (known: {text})"
    return InputError(f"unknown {kind} '{shorten(name, 60)}'{hint}{listed}")


def shown(value: Any) -> str:
    """Return a value as errors show it: short, in one line, whatever it is; objects by their type.

    >>> shown("adm"), shown(object()), shown([1, 2])
    ("'adm'", 'an object', '[1, 2]')
    """
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return f"{_of_type(value)} of very many digits"
    except Exception:  # whatever a third party's raises
        return _of_type(value)
    return _of_type(value) if " at 0x" in text else shorten(text, 60)


def _of_type(value: Any) -> str:
    name = str(getattr(value, "__name__", "")) if callable(value) else ""
    if name and name != "<lambda>":
        return f"{'the class' if isinstance(value, type) else 'the function'} {name}"
    kind = "function" if name else type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def shorten(text: str, length: int) -> str:
    """Return a text as one line of printable characters, its middle left out where it is longer.

    >>> shorten("two\\nlines", 40), shorten("0123456789", 7)
    ('two lines', '012…789')
    """
    line = "".join(c if c.isprintable() else " " for c in text)
    if len(line) <= length:
        return line
    half = (length - 1) // 2
    return f"{line[: length - 1 - half]}…{line[-half:]}"
