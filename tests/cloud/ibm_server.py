"""IBM's REST interface on a loopback address, as far as the unmodified client needs it.

It runs jobs with Aer on a recorded device's noise, keeps every one that was posted,
and can be told to fail. Jobs are checked and results written with IBM's own published schemas.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import numpy as np

CRN = (
    "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef:"
    "00000000-0000-4000-8000-000000000000::"
)


@dataclass
class Fault:
    """What to do to requests of one kind, so many times.

    kind: a status code ("503"), "reset" (cut the connection before the request counts),
    "reset-after" (cut it after), "hang", "garbage", "truncated", "nan", "wrong-shape", "short";
    "kill" and "kill-after", which kill the server's `victim` instead of cutting. `path` is a
    regular expression; the first `skip` requests that match are let through.
    """

    method: str
    path: str
    kind: str
    times: int = 1
    seconds: float = 30.0
    skip: int = 0


@dataclass
class Server:
    """The service: a device, its jobs, faults to come and what was asked."""

    device: str = "ibm_manila"
    token: str = "planted-token-4f1c9d"
    queue: int = 0
    lag: float = 0.0
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    sessions: dict[str, dict[str, Any]] = field(default_factory=dict)
    victim: int = 0
    place: int | None = None  # of a job in the queue, where metrics tell it

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._device = ThreadPoolExecutor(1)
        self._numbers = itertools.count(1)
        self._http = _Quiet(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self._snapshot: Any = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What points the client here."""
        return {
            "QISKIT_IBM_TOKEN": self.token,
            "QISKIT_IBM_INSTANCE": CRN,
            "QISKIT_IBM_URL": self.url,
            "IAM_URL": self.url,
            "QISKIT_FUNCTIONS_EXPERIMENTAL": "1",
            # The client walks its whole stack at each request to name its caller, in 0.2 s.
            "USAGE_DATA_OPT_OUT": "True",
        }

    def stand_in(self, monkeypatch: Any) -> None:
        """Point this process's client here."""
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)

    def __enter__(self) -> Server:
        assert self.snapshot is not None  # imported here: its libraries do not bear two threads
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._device.shutdown(wait=False, cancel_futures=True)

    @property
    def snapshot(self) -> Any:
        """The recorded device."""
        if self._snapshot is None:
            from qvopt.backends.recorded_devices import find_snapshot

            self._snapshot, _ = find_snapshot(self.device.replace("ibm_", "fake_"))
        return self._snapshot

    def document(self, what: str) -> dict[str, Any]:
        """Configuration or properties as recorded."""
        backend = self.snapshot
        name = backend.conf_filename if what == "configuration" else backend.props_filename
        document: dict[str, Any] = json.loads((Path(backend.dirname) / name).read_text())
        return document | {"backend_name": self.device}

    def fault(self, method: str, path: str) -> Fault | None:
        """The next fault for a request."""
        with self.lock:
            for fault in self.faults:
                if fault.method == method and fault.times > 0 and re.search(fault.path, path):
                    if fault.skip > 0:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
        return None

    def fail(self, method: str, path: str, kind: str, times: int = 1, skip: int = 0) -> None:
        """Plan a fault."""
        self.faults.append(Fault(method, path, kind, times, skip=skip))

    # Jobs.

    def post_job(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Take a job."""
        with self.lock:
            job = f"job{next(self._numbers):04d}"
            session = payload.get("session_id")
            self.jobs[job] = {
                "payload": payload,
                "created": time.time(),
                "polls": 0,
                "status": "Queued",
                "work": None,
                "result": None,
                "session": session,
                "tags": payload.get("tags", []),
            }
        return {"id": job, "backend": payload.get("backend")}

    def advance(self, job: str) -> None:
        """Move a job on: each look at it is a moment."""
        entry = self.jobs[job]
        if entry["status"] in ("Completed", "Failed", "Cancelled"):
            return
        entry["polls"] += 1
        if entry["polls"] <= self.queue:
            entry["status"] = "Queued" if entry["polls"] < self.queue else "Running"
            return
        with self.lock:
            if entry["work"] is None:
                entry["work"] = self._device.submit(
                    run_executor, self.snapshot, entry["payload"]["params"], len(self.jobs)
                )
        try:
            entry["result"] = entry["work"].result(timeout=10)
        except TimeoutError:  # a long one: as a service would, say that it runs
            entry["status"] = "Running"
        else:
            entry["status"] = "Completed"

    def job_document(self, job: str) -> dict[str, Any]:
        """What GET /jobs/{id} says."""
        entry = self.jobs[job]
        payload = entry["payload"]
        state: dict[str, Any] = {"status": entry["status"]}
        if entry["status"] == "Failed":
            state |= {"reason": entry.get("reason", "device error"), "reason_code": 1500}
        return {
            "id": job,
            "backend": payload["backend"],
            "state": state,
            "status": entry["status"],
            "program": {"id": payload["program_id"]},
            "created": datetime.fromtimestamp(entry["created"], UTC).isoformat(),
            "tags": entry["tags"],
            "session_id": entry["session"],
            "params": {},
            "estimated_running_time_seconds": 1.0,
            "cost": payload.get("cost"),
        }

    def listing(self, query: dict[str, list[str]]) -> dict[str, Any]:
        """What GET /jobs says."""
        wanted = set(query.get("tags", []))
        now = time.time()
        found = [
            self.job_document(j)
            for j, e in self.jobs.items()
            if wanted <= set(e["tags"]) and now - e["created"] >= self.lag
        ]
        found.sort(key=lambda d: d["created"], reverse=query.get("sort") != ["ASC"])
        start = int(query.get("offset", ["0"])[0])
        limit = int(query.get("limit", ["200"])[0])
        return {"jobs": found[start : start + limit], "count": len(found), "limit": limit}


_SIMULATED: dict[str, Any] = {}


def run_executor(backend: Any, params: dict[str, Any], seed: int) -> str:
    """Validate the parameters of a job, simulate it and write its result as IBM does."""
    from ibm_quantum_schemas.common import CompressedTensorModel
    from ibm_quantum_schemas.executor.version_2_0 import (
        ParamsModel,
        QuantumProgramResultItemModel,
        QuantumProgramResultModel,
    )
    from ibm_quantum_schemas.executor.version_2_0.models import ItemMetadataModel, MetadataModel
    from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
    from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
    from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import (
        passthrough_data_to_2_0,
        quantum_program_from_2_0,
    )

    from qvopt.cloud.job_spec import describe_circuit

    program, _ = quantum_program_from_2_0(ParamsModel.model_validate(params))
    options = SimulatorOptions(seed_simulator=seed)
    if any(not hasattr(item, "circuit_arguments") for item in program.items):
        for item in program.items:  # an estimator's, whose circuits are randomized here
            item.samplex.finalize()
        result = run_quantum_program(backend, program, options)
    else:
        # Runs of equal experiments send equal circuits, up to the names of their parameters' ids.
        key = repr(
            [
                backend.name,
                seed,
                program.shots,
                [(describe_circuit(i.circuit), np.asarray(i.circuit_arguments).tobytes())
                 for i in program.items],
            ]
        )  # fmt: skip
        if key not in _SIMULATED:
            _SIMULATED[key] = run_quantum_program(backend, program, options)
        result = _SIMULATED[key]
    return QuantumProgramResultModel(
        data=[
            QuantumProgramResultItemModel(
                results={
                    k: CompressedTensorModel.from_numpy(np.asarray(v)) for k, v in item.items()
                },
                metadata=ItemMetadataModel(),
            )
            for item in result
        ],
        metadata=MetadataModel(chunk_timing=[]),
        passthrough_data=passthrough_data_to_2_0(program.passthrough_data),
        semantic_role=program._semantic_role,
    ).model_dump_json()


def _web_token(now: int) -> str:
    """A token of the right form: the client sends the raw key where it cannot read it."""

    def part(document: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'iat': now, 'exp': now + 3600})}.c2ln"


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients go away in these tests."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def _send(self, status: int, body: Any) -> None:
            data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _cut(self) -> None:
            self.close_connection = True
            self.connection.shutdown(2)

        def _work(self, method: str) -> None:  # noqa: RET503
            url = urlparse(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length)
            server.requests.append((method, self.path))
            fault = server.fault(method, url.path)
            if fault is not None and not fault.kind.endswith("-after"):
                if fault.kind == "kill":
                    os.kill(server.victim, signal.SIGKILL)
                    return self._cut()
                if fault.kind.isdecimal():
                    return self._send(
                        int(fault.kind), {"errors": [{"message": "planted fault", "code": 1}]}
                    )
                if fault.kind == "reset":
                    return self._cut()
                if fault.kind == "hang":
                    time.sleep(fault.seconds)
                    return self._cut()
                if fault.kind == "garbage":
                    return self._send(200, "<html>not JSON</html>")
            status, answer = self._route(method, url.path, parse_qs(url.query), body)
            if fault is not None and fault.kind == "kill-after":
                os.kill(server.victim, signal.SIGKILL)
            if fault is not None and fault.kind.endswith("-after"):
                return self._cut()
            if fault is not None and isinstance(answer, str):
                answer = spoiled(answer, fault.kind)
            self._send(status, answer)

        def _route(
            self, method: str, path: str, query: dict[str, list[str]], body: bytes
        ) -> tuple[int, Any]:
            parts = [p for p in path.split("/") if p and p not in ("v1", "api")]
            if path.endswith("/identity/token"):
                if f"apikey={server.token}" not in body.decode():
                    return 400, {"errorCode": "BXNIM0415E", "errorMessage": "bad API key"}
                now = int(time.time())
                return 200, {
                    "access_token": _web_token(now),
                    "refresh_token": "",
                    "token_type": "Bearer",
                    "expires_in": 3600,
                    "expiration": now + 3600,
                }
            match (method, parts):
                case ("GET", ["backends"]):
                    return 200, {"devices": [{"name": server.device, "status": {"name": "online"}}]}
                case ("GET", ["backends", _, "configuration"]):
                    return 200, server.document("configuration")
                case ("GET", ["backends", _, "properties"]):
                    return 200, server.document("properties")
                case ("GET", ["backends", _, "status"]):
                    return 200, {"state": True, "status": "active", "length_queue": 3}
                case ("GET", ["instances", "usage"]):
                    return 200, {
                        "instance_id": CRN,
                        "plan_id": "open",
                        "usage_limit_seconds": 600,
                        "usage_remaining_seconds": 500,
                    }
                case ("POST", ["jobs"]):
                    payload = json.loads(body)
                    session = server.sessions.get(payload.get("session_id") or "")
                    if session is not None and not session["accepting_jobs"]:
                        return 400, {"errors": [{"message": "The session is closed", "code": 1217}]}
                    return 200, server.post_job(payload)
                case ("GET", ["jobs"]):
                    return 200, server.listing(query)
                case ("GET", ["jobs", job]) if job in server.jobs:
                    server.advance(job)
                    return 200, server.job_document(job)
                case ("GET", ["jobs", job, "results"]) if job in server.jobs:
                    if server.jobs[job]["status"] != "Completed":
                        return 204, ""
                    return 200, server.jobs[job]["result"]
                case ("GET", ["jobs", job, "metrics"]) if job in server.jobs:
                    usage = {"status": "completed", "qpu_charge_time_seconds": 2.0}
                    place = {} if server.place is None else {"position_in_queue": server.place}
                    return 200, {"usage": usage, **place}
                case ("POST", ["jobs", job, "cancel"]) if job in server.jobs:
                    if server.jobs[job]["status"] in ("Queued", "Running"):
                        server.jobs[job]["status"] = "Cancelled"
                    return 204, ""
                case ("POST", ["sessions"]):
                    made = json.loads(body)
                    name = f"session{len(server.sessions) + 1}"
                    server.sessions[name] = {
                        "id": name,
                        "backend_name": server.device,
                        "accepting_jobs": True,
                        "mode": made.get("mode", "dedicated"),
                        "state": "open",
                        "max_ttl": 3600,
                        "interactive_ttl": 60,
                        "active_ttl": 3600,
                    }
                    return 200, server.sessions[name]
                case ("GET", ["sessions", name]) if name in server.sessions:
                    return 200, server.sessions[name]
                case ("PATCH" | "DELETE", ["sessions", name, *_]) if name in server.sessions:
                    server.sessions[name] |= {"accepting_jobs": False, "state": "closed"}
                    return 204, ""
            return 404, {"errors": [{"message": f"no such route {method} {path}", "code": 404}]}

        def do_GET(self) -> None:
            self._work("GET")

        def do_POST(self) -> None:
            self._work("POST")

        def do_PATCH(self) -> None:
            self._work("PATCH")

        def do_DELETE(self) -> None:
            self._work("DELETE")

    return Handler


def spoiled(answer: str, kind: str) -> str:
    """A result that is not one."""
    if kind == "truncated":
        return answer[: len(answer) // 2]
    document = json.loads(answer)
    if kind == "wrong-shape":
        document["data"] = document["data"][:-1]
    elif kind == "nan":
        document["data"][0]["results"] = {"meas": float("nan")}
    return json.dumps(document)
