"""Amazon Braket's service, as far as tasks go, and the S3 objects that hold their results."""

import hashlib
import json
import time
from dataclasses import dataclass, field

import numpy as np
from braket.default_simulator import StateVectorSimulator
from braket.device_schema.simulators import GateModelSimulatorDeviceCapabilities
from braket.ir.openqasm import Program
from vendor_stub import VendorStub

_RESULT = "braket.task_result"
ARN = "arn:aws:braket:us-east-1:123456789012:quantum-task/"


def schema(name, version="1"):
    return {"name": name, "version": version}


def capabilities(program_sets=True, largest=(100, 200_000), least=None):
    action = {
        "braket.ir.openqasm.program": {
            "actionType": "braket.ir.openqasm.program",
            "version": ["1"],
            "supportedOperations": ["h", "x", "y", "z", "s", "si", "rx", "ry", "rz", "cnot"],
            "supportedResultTypes": [],
        }
    }
    if program_sets:
        action["braket.ir.openqasm.program_set"] = {
            "actionType": "braket.ir.openqasm.program_set",
            "version": ["1"],
            "maximumExecutables": largest[0],
            "maximumTotalShots": largest[1],
            "minimumTotalShots": least,
        }
    document = {
        "braketSchemaHeader": schema(
            "braket.device_schema.simulators.gate_model_simulator_device_capabilities"
        ),
        "service": {
            "braketSchemaHeader": schema("braket.device_schema.device_service_properties"),
            "executionWindows": [],
            "shotsRange": [0, 100_000],
            "deviceCost": {"price": 0.075, "unit": "minute"},
        },
        "action": action,
        "paradigm": {
            "braketSchemaHeader": schema(
                "braket.device_schema.simulators.gate_model_simulator_paradigm_properties"
            ),
            "qubitCount": 34,
        },
        "deviceParameters": {},
    }
    GateModelSimulatorDeviceCapabilities.parse_raw(json.dumps(document))
    return json.dumps(document)


@dataclass
class BraketStub(VendorStub):
    """`tasks` by ARN, in the order of their creation; `objects` by path."""

    objects: dict = field(default_factory=dict)
    tasks: dict = field(default_factory=dict)
    tokens: dict = field(default_factory=dict)
    refusals: list = field(default_factory=list)
    program_sets: bool = True
    largest: tuple = (100, 200_000)  # programs of a set, and their shots
    least: int | None = None  # shots of a set
    processor: object = None  # a Processor, in place of the simulator
    polls_until_done: int = 1
    state: str = "COMPLETED"
    broken: object = None  # changes a result document before it is stored

    def allowed(self, headers):
        return f"Credential={self.token}/" in headers.get("Authorization", "")

    def error(self, status):
        return {"message": f"fault {status}", "__type": "Fault"}

    def answer(self, method, path, query, body):
        if path in self.objects:
            return 200, self.objects[path]
        if path.startswith("/device/"):
            return self._described(path.removeprefix("/device/"))
        if method == "POST" and path == "/quantum-task":
            return self._create(json.loads(body))
        if path == "/quantum-tasks":
            return self._search(json.loads(body))
        arn = path.removeprefix("/quantum-task/").removesuffix("/cancel")
        task = self.tasks.get(arn)
        if task is None:
            return 404, {"message": "no such task", "__type": "ResourceNotFoundException"}
        if method == "PUT":
            if task["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
                return 409, {"message": "final", "__type": "ConflictException"}
            task["status"] = "CANCELLED"
            return 200, {"quantumTaskArn": arn, "cancellationStatus": "CANCELLING"}
        return 200, self._poll(task)

    def _described(self, arn):
        shown = {"deviceArn": arn, "deviceStatus": "ONLINE"}
        if self.processor is None:
            shown |= {"deviceName": "SV1", "providerName": "Amazon Braket"}
            shown |= {"deviceType": "SIMULATOR"}
            return 200, shown | {
                "deviceCapabilities": capabilities(self.program_sets, self.largest, self.least)
            }
        if arn != self.processor.arn:
            return 404, {"message": "no such device", "__type": "ResourceNotFoundException"}
        shown |= {"deviceName": self.processor.name, "providerName": self.processor.vendor}
        found = json.dumps(self.processor.properties(self.program_sets))
        return 200, shown | {"deviceType": "QPU", "deviceCapabilities": found}

    def _refusal(self, action):
        if self.processor is None:
            return ""
        sources = [p["source"] for p in action.get("programs", [action])]
        if "programs" in action and not self.program_sets:
            return "program sets are not supported by this device"
        # What is not verbatim is compiled by the service, to anything.
        found = [self.processor.refusal(s) for s in sources if "verbatim" in s]
        return next(filter(None, found), "")

    def _create(self, document):
        # As the service does: one token, one task.
        if document["clientToken"] in self.tokens:
            return 201, {"quantumTaskArn": self.tokens[document["clientToken"]]}
        number = len(self.tasks)
        arn = f"{ARN}{number:08d}"
        action = json.loads(document["action"])
        if refusal := self._refusal(action):
            self.refusals.append(refusal)
            return 400, {"message": refusal, "__type": "ValidationException"}
        self.tokens[document["clientToken"]] = arn
        self.tasks[arn] = {
            "quantumTaskArn": arn,
            "status": "CREATED",
            "deviceArn": document["deviceArn"],
            "deviceParameters": document.get("deviceParameters", "{}"),
            "shots": document["shots"],
            "outputS3Bucket": document["outputS3Bucket"],
            "outputS3Directory": f"{document['outputS3KeyPrefix']}/{number:08d}",
            "createdAt": time.time() + number,
            "tags": document.get("tags", {}),
            "actionMetadata": {
                "actionType": action["braketSchemaHeader"]["name"],
                "programCount": len(action.get("programs", [1])),
                "executableCount": len(action.get("programs", [1])),
            },
            "_action": action,
            "_polls": 0,
        }
        return 201, {"quantumTaskArn": arn}

    def _search(self, document):
        shown = [_public(task) for task in reversed(self.tasks.values())]
        for wanted in document["filters"]:
            assert wanted["name"] in ("deviceArn", "status", "createdAt", "quantumTaskArn")
            if wanted["operator"] == "EQUAL":
                shown = [t for t in shown if t[wanted["name"]] in wanted["values"]]
        start = int(document.get("nextToken") or 0)
        page = {"quantumTasks": shown[start : start + 2]}
        if start + 2 < len(shown):
            page["nextToken"] = str(start + 2)
        return 200, page

    def _poll(self, task):
        task["_polls"] += 1
        if task["status"] in ("CREATED", "QUEUED", "RUNNING"):
            done = task["_polls"] > self.polls_until_done
            task["status"] = self.state if done else "QUEUED"
            if task["status"] == "COMPLETED":
                self._store(task)
        if task["status"] == "FAILED":
            task["failureReason"] = "the device was recalibrated"
        out = _public(task)
        if task["status"] == "QUEUED":
            out["queueInfo"] = {"queue": "QUANTUM_TASKS_QUEUE", "position": "3"}
        return out

    def _store(self, task):
        action = task["_action"]
        programs = action.get("programs")
        shots = task["shots"] // len(programs or [1])
        found = [simulate(p, shots) for p in programs or [action]]
        document = (_single if programs is None else _set)(task, found, shots)
        if self.broken is not None:
            document = self.broken(document)
        text = document if isinstance(document, str) else json.dumps(document)
        path = f"/{task['outputS3Bucket']}/{task['outputS3Directory']}/results.json"
        self.objects[path] = text.encode()


class SeededSimulator(StateVectorSimulator):
    """Braket's own simulator, with shots that depend on the program alone."""

    def __init__(self, seed):
        super().__init__()
        self._seed = seed

    def initialize_simulation(self, **options):
        simulation = super().initialize_simulation(**options)
        simulation._rng_generator = np.random.default_rng(self._seed)
        return simulation


def simulate(program, shots):
    seed = int.from_bytes(hashlib.sha256(program["source"].encode()).digest()[:8], "little")
    result = SeededSimulator(seed).run(Program(source=program["source"]), shots=shots)
    return program, result.measurements, result.measuredQubits


def _single(task, found, shots):
    ((program, table, qubits),) = found
    return {
        "braketSchemaHeader": schema("braket.task_result.gate_model_task_result"),
        "measurements": table,
        "measuredQubits": qubits,
        "taskMetadata": {
            "braketSchemaHeader": schema("braket.task_result.task_metadata"),
            "id": task["quantumTaskArn"],
            "shots": shots,
            "deviceId": task["deviceArn"],
        },
        "additionalMetadata": {
            "action": {
                "braketSchemaHeader": schema("braket.ir.openqasm.program"),
                "source": program["source"],
                "inputs": {},
            }
        },
    }


def _set(task, found, shots):
    program_of = {"braketSchemaHeader": schema("braket.ir.openqasm.program")}
    results = [
        {
            "braketSchemaHeader": schema("braket.task_result.program_result"),
            "executableResults": [
                {
                    "braketSchemaHeader": schema(
                        "braket.task_result.program_set_executable_result"
                    ),
                    "inputsIndex": 0,
                    "measurements": table,
                    "measuredQubits": qubits,
                }
            ],
            "source": {**program_of, "source": program["source"], "inputs": {}},
            "additionalMetadata": {
                "simulatorMetadata": {
                    "braketSchemaHeader": schema("braket.task_result.simulator_metadata"),
                    "executionDuration": 10,
                }
            },
        }
        for program, table, qubits in found
    ]
    return {
        "braketSchemaHeader": schema("braket.task_result.program_set_task_result"),
        "programResults": results,
        "taskMetadata": {
            "braketSchemaHeader": schema("braket.task_result.program_set_task_metadata"),
            "id": task["quantumTaskArn"],
            "requestedShots": task["shots"],
            "successfulShots": task["shots"],
            "programMetadata": [{"executables": [{}]} for _ in found],
            "deviceId": task["deviceArn"],
            "totalFailedExecutables": 0,
        },
        "s3Location": None,
    }


def failing(*indices, tasks=(0,), retryable=True):
    """Make these programs of the numbered tasks' sets fail; for `broken`."""

    def change(document):
        if int(document["taskMetadata"]["id"].rsplit("/", 1)[-1]) in tasks:
            for index in indices:
                document["programResults"][index]["executableResults"] = [
                    {
                        "braketSchemaHeader": schema(f"{_RESULT}.program_set_executable_failure"),
                        "inputsIndex": 0,
                        "failureMetadata": {
                            "failureReason": "lost",
                            "retryable": retryable,
                            "category": "DEVICE",
                        },
                    }
                ]
        return document

    return change


def _public(task):
    return {k: v for k, v in task.items() if not k.startswith("_")}
