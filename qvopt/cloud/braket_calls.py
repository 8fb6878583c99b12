"""Calls of the Braket SDK, with errors whose class says what may have happened."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any, TypeVar

from qvopt.experiment.secrets import holds_secret
from qvopt_molecules.errors import InputError, missing_extra
from qvopt_molecules.textfile import expanded

from .provider import ProviderError, RefusedError, TransientError, UncertainError

T = TypeVar("T")


def need_braket() -> Any:
    """Import the SDK and the Qiskit provider, or raise InputError with the command for them."""
    try:
        import braket.aws  # type: ignore[import-untyped,unused-ignore]
        import qiskit_braket_provider  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise missing_extra(
            "Amazon Braket needs its SDK and qiskit-braket-provider", "braket"
        ) from None
    return braket.aws, qiskit_braket_provider


def called(call: Callable[[], T], *, submitting: bool) -> T:
    """Call the SDK; its errors become those of a provider, without what they quote."""
    from botocore import exceptions as boto  # type: ignore[import-untyped,unused-ignore]

    failed: type[ProviderError] = UncertainError if submitting else TransientError
    try:
        return call()
    except (ProviderError, InputError):
        raise
    except (boto.NoCredentialsError, boto.PartialCredentialsError):
        raise RefusedError(
            "Braket: no AWS credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a "
            "profile"
        ) from None
    except (boto.EndpointConnectionError, boto.ConnectTimeoutError) as error:
        raise TransientError(f"Braket: {type(error).__name__}") from None
    except boto.ClientError as error:
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        code = str(error.response.get("Error", {}).get("Code", ""))[:60]
        message = f"Braket answered {status} {code}"
        if status == 429 or code in ("ThrottlingException", "SlowDown", "RequestLimitExceeded"):
            raise TransientError(message) from None
        if 400 <= status < 500:
            raise RefusedError(message + _reason(error, code)) from None
        raise failed(message) from None
    except (boto.BotoCoreError, OSError) as error:
        raise failed(f"Braket: {type(error).__name__}") from None
    except Exception as error:
        # The SDK parses results with schemas: whatever does not fit them is not a result.
        kind = UncertainError if submitting else ProviderError
        raise kind(f"Braket: an answer that cannot be read ({type(error).__name__})") from None


def _reason(error: Any, code: str) -> str:
    """What the service says against a request; only of its contents, not of who asks."""
    text = " ".join(str(error.response.get("Error", {}).get("Message", "")).split())
    if code != "ValidationException" or not text or holds_secret(text):
        return ""
    return ": " + re.sub(r"\bA[SK]IA[A-Z0-9]{8,}", "***", text[:200])


def check_credentials_file() -> None:
    """Refuse an AWS credentials file that others can read."""
    if os.environ.get("AWS_ACCESS_KEY_ID"):
        return
    path = expanded(os.environ.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"))
    try:
        mode = path.stat().st_mode & 0o777
    except OSError:
        return
    if mode & 0o077:
        raise InputError(
            f"{path} can be read by others (mode {mode:04o}); chmod 600 it, and change the keys"
        )
