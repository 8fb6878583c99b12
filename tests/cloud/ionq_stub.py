"""IonQ's REST interface, as far as jobs go: it simulates circuits in the "qis" gates."""

import json
from dataclasses import dataclass, field

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector
from vendor_stub import VendorStub

_NAMES = {"cnot": "cx", "si": "sdg", "ti": "tdg", "v": "sx", "vi": "sxdg", "not": "x"}


@dataclass
class IonQStub(VendorStub):
    """`jobs` by id, in the order of their creation."""

    jobs: dict = field(default_factory=dict)
    polls_until_done: int = 1
    lag: int = 0  # listings that a new job is missing from
    state: str = "completed"

    @property
    def api(self):
        return f"{self.url}/v0.4"

    def answer(self, method, path, query, body):
        parts = path.removeprefix("/v0.4/").split("/")
        if parts[0] == "backends":
            return 200, {"backend": parts[1], "status": "available", "qubits": 29}
        if parts == ["jobs"] and method == "POST":
            return self._create(json.loads(body))
        if parts == ["jobs"]:
            return self._list(query)
        job = self.jobs.get(parts[1])
        if job is None:
            return 404, self.error(404)
        if parts[2:] == ["status", "cancel"]:
            if job["status"] not in ("completed", "failed"):
                job["status"] = "canceled"
            return 200, {"id": job["id"], "status": job["status"]}
        if parts[2:] == ["results", "probabilities", "aggregated"]:
            return 200, self._results(job)
        if method == "DELETE":
            return 405, self.error(405)
        return 200, self._poll(job)

    def _create(self, document):
        name = f"job-{len(self.jobs):04d}"
        children = [f"{name}-{k}" for k in range(len(document["input"]["circuits"]))]
        self.jobs[name] = {
            "id": name,
            "type": document["type"],
            "status": "submitted",
            "name": document["name"],
            "backend": document["backend"],
            "metadata": document["metadata"],
            "submitted_at": f"2026-01-01T00:00:{len(self.jobs):02d}Z",
            "child_job_ids": children,
            "stats": {"circuits": len(children), "qubits": document["input"]["qubits"]},
            "execution_duration_ms": 1500,
            "_input": document["input"],
            "_noise": document.get("noise"),
            "_shots": document["shots"],
            "_polls": 0,
            "_lag": self.lag,
        }
        return 200, {"id": name, "status": "submitted", "session_id": None}

    def _list(self, query):
        shown = []
        for job in reversed(self.jobs.values()):
            if job["_lag"] > 0:
                job["_lag"] -= 1
            else:
                shown.append(_public(job))
        start = int(query.get("next", ["0"])[0])
        page = shown[start : start + 2]  # small pages, so that there are several
        more = str(start + 2) if start + 2 < len(shown) else None
        return 200, {"jobs": page, "next": more}

    def _poll(self, job):
        job["_polls"] += 1
        if job["status"] in ("submitted", "started"):
            done = job["_polls"] > self.polls_until_done
            job["status"] = self.state if done else "started"
        if job["status"] == "failed":
            job["failure"] = {"error": "calibration drifted", "code": "SystemError"}
        if job["status"] == "completed":
            url = f"/v0.4/jobs/{job['id']}/results/probabilities/aggregated"
            job["results"] = {"probabilities": {"url": url}}
        return _public(job)

    def _results(self, job):
        return {
            child: probabilities(c["circuit"], job["_input"]["qubits"])
            for child, c in zip(job["child_job_ids"], job["_input"]["circuits"], strict=True)
        }


def _public(job):
    return {k: v for k, v in job.items() if not k.startswith("_")}


def probabilities(gates, n_qubits):
    """Outcome, as a number with bit q for qubit q, and its probability."""
    circuit = QuantumCircuit(n_qubits)
    for gate in gates:
        name = _NAMES.get(gate["gate"], gate["gate"])
        controls = gate.get("controls", [gate["control"]] if "control" in gate else [])
        targets = gate.get("targets", [gate["target"]] if "target" in gate else [])
        if controls:
            name = {"x": "cx", "z": "cz", "cx": "cx"}[name]
        angles = [gate["rotation"]] if "rotation" in gate else []
        getattr(circuit, name)(*angles, *controls, *targets)
    p = np.abs(Statevector(circuit).data) ** 2
    return {str(k): float(v) for k, v in enumerate(p) if v > 1e-12}
