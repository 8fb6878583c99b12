"""Hardware as a backend: a provider, and how a run uses it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from qvopt.backends.device_simulation import DeviceSimulation
from qvopt.backends.protocol import Backend, Problem
from qvopt_molecules.errors import InputError

from .calls import Timeouts
from .estimating import EstimatingProgram
from .program import HardwareProgram, Lowering
from .provider import CalibratedProvider, Provider


class HardwareBackend:
    """Compiles problems for one provider's device.

    Args:
        provider: a Provider, or any Qiskit BackendV2 or V2 sampler.
        optimization_level: of Qiskit's transpiler, 0 to 3.
        seed_transpiler: its seed.
        layout: physical qubit of each qubit; None lets the transpiler choose.
        repeats: rows per measurement group that an energy's shots are spread over, so that a job
            has one number of shots; 1 gives every group the same; 0 keeps the allocation to the
            shot, with a job for every level of shots. None takes what suits the vendor's prices.
        grace: seconds that a job in doubt is looked for before it is submitted again.
        call_timeout, submit_timeout, give_up: deadlines in seconds of one call, one submission,
            and all tries of a call together.
        poll, longest_poll: seconds between looks at a waiting job, first and longest.
    """

    def __init__(
        self,
        provider: Any,
        *,
        optimization_level: int = 3,
        seed_transpiler: int = 0,
        layout: Sequence[int] | None = None,
        repeats: int | None = None,
        grace: float = Timeouts.grace,
        call_timeout: float = Timeouts.call,
        submit_timeout: float = Timeouts.submit,
        give_up: float = Timeouts.give_up,
        poll: float = Timeouts.poll,
        longest_poll: float = Timeouts.longest_poll,
    ) -> None:
        if optimization_level not in (0, 1, 2, 3):
            raise InputError(f"optimization_level must be 0, 1, 2 or 3, got {optimization_level!r}")
        if repeats is not None and (isinstance(repeats, bool) or repeats < 0):
            raise InputError(f"repeats must be 0 or more, got {repeats!r}")
        self.timeouts = Timeouts(call_timeout, submit_timeout, give_up, grace, poll, longest_poll)
        for name, value in vars(self.timeouts).items():
            if not value >= 0:
                raise InputError(f"{name} must be a number of seconds, got {value!r}")
        if not isinstance(provider, Provider):
            from .qiskit_objects import QiskitProvider

            provider = QiskitProvider(provider)
        self.provider: Provider = provider
        self._lowering = Lowering(
            optimization_level, seed_transpiler, None if layout is None else tuple(layout)
        )
        self._repeats = repeats

    @property
    def name(self) -> str:
        """The name users give."""
        return self.provider.describe().full_name

    @property
    def options(self) -> None:
        """None: a provider may hold a client that has no text."""
        return None

    def simulated(self) -> Backend | None:
        """A local simulation of the device as it was last calibrated, if that is known."""
        provider = self.provider
        device = provider.calibrated() if isinstance(provider, CalibratedProvider) else None
        return None if device is None else DeviceSimulation(device)

    def compile(self, problem: Problem) -> HardwareProgram:
        """Check widths; circuits are lowered when they are first needed."""
        kind = EstimatingProgram if self.provider.describe().estimates else HardwareProgram
        return kind(
            problem,
            self.provider,
            lowering=self._lowering,
            timeouts=self.timeouts,
            repeats=self._repeats,
        )


def backend_factory(
    provider: Callable[..., Provider],
    description: str,
    device_names: Callable[[], Sequence[str]] = tuple,
) -> Callable[..., HardwareBackend]:
    """Return a factory of backends that takes the provider's options and those of the backend.

    Args:
        provider: makes the provider.
        description: of it, in a line.
        device_names: names of its devices that are known without an account.
    """
    backend_options = {
        n: p
        for n, p in inspect.signature(HardwareBackend.__init__, eval_str=True).parameters.items()
        if p.kind is p.KEYWORD_ONLY
    }

    def make(*arguments: Any, **options: Any) -> HardwareBackend:
        for_backend = {k: v for k, v in options.items() if k in backend_options}
        for_provider = {k: v for k, v in options.items() if k not in backend_options}
        return HardwareBackend(provider(*arguments, **for_provider), **for_backend)

    arguments = [_arguments(provider), _arguments(HardwareBackend)]
    make.__doc__ = "\n".join([description, "", "Args:", *arguments])
    make.device_names = device_names  # type: ignore[attr-defined]
    first = [
        p
        for p in inspect.signature(provider, eval_str=True).parameters.values()
        if p.name not in backend_options
    ]
    make.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [p.replace(kind=p.KEYWORD_ONLY) for p in (*first, *backend_options.values())]
    )
    return make


def _arguments(documented: Callable[..., Any]) -> str:
    """The section on arguments of a docstring, without its heading."""
    text = inspect.getdoc(documented) or ""
    section = re.search(r"^Args:\n((?: +.*\n?)+)", text, re.M)
    return "" if section is None else section.group(1).rstrip()
