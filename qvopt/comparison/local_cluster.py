"""An embedded Dask cluster: a scheduler in this process, workers in processes of their own.

It listens on the loopback interface alone, encrypted and authenticated by a certificate made for
the occasion where that can be had, since other people may be logged in to the same machine. It has
no dashboard. Workers that die are replaced.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, Final, Self

from qvopt_molecules.errors import BackendError

from .certificates import temporary_security
from .dask_engine import DaskEngine

_LOOK_SECONDS: Final = 0.2
_MOST_REPLACED: Final = 1000


class LocalWorkers:
    """Worker processes of one thread each, started, replaced when they die, and ended."""

    def __init__(self, address: str, count: int, folder: Path, security: Any) -> None:
        self._folder = folder
        self._command = [sys.executable, "-m", "distributed.cli.dask_worker", address,
                         "--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0",
                         "--death-timeout", "20", "--local-directory", str(folder),
                         *_security_options(security)]  # fmt: skip
        self._environment = os.environ | {
            "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "NUMBA_NUM_THREADS": "1",
            # What this process can import, its workers can.
            "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        }
        self._log = (folder / "workers.log").open("ab")
        self.processes = [self._start() for _ in range(count)]
        self._replaced = 0
        self._over = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the comparison, which then ends them
        )

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_SECONDS):
            for k, process in enumerate(self.processes):
                if process.poll() is not None and self._replaced < _MOST_REPLACED:
                    self._replaced += 1
                    self.processes[k] = self._start()

    def last_words(self) -> str:
        """The last line that a worker wrote."""
        lines = (self._folder / "workers.log").read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "nothing was written"

    def close(self) -> None:
        """End the workers at once: their journals hold everything."""
        self._over.set()
        self._watcher.join()
        for process in self.processes:
            process.kill()
        for process in self.processes:
            process.wait()
        self._log.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _security_options(security: Any) -> list[str]:
    if security is None:
        return []
    return [
        *("--tls-ca-file", security.tls_ca_file),
        *("--tls-cert", security.tls_worker_cert),
        *("--tls-key", security.tls_worker_key),
    ]


class LocalEngine(DaskEngine):
    """A `DaskEngine` on workers of this machine."""

    def __init__(self, count: int) -> None:
        import dask
        from distributed import Client, LocalCluster

        folder = Path(tempfile.mkdtemp(prefix="qvopt-workers-"))  # mode 0700
        security = temporary_security(folder)
        quiet = {
            "logging.distributed": "error",
            "distributed.admin.system-monitor.gil.enabled": False,
            "distributed.scheduler.http.routes": [],
            # A batch that loses its worker comes back here, to be looked at run by run.
            "distributed.scheduler.allowed-failures": 0,
        }
        with dask.config.set(quiet):
            cluster = LocalCluster(  # the scheduler alone
                n_workers=0,
                host="127.0.0.1",
                scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                security=False if security is None else security,
                silence_logs="ERROR",
            )
        self.local = LocalWorkers(cluster.scheduler_address, count, folder, security)
        client = Client(cluster, set_as_default=False)
        super().__init__(client, [client, self.local, cluster], count)

    def __enter__(self) -> Self:
        try:
            self._client.wait_for_workers(1, timeout=60)
        except TimeoutError:
            words = self.local.last_words()
            self.__exit__(None, None, None)
            raise BackendError(f"no worker process started within a minute: {words}") from None
        return super().__enter__()
