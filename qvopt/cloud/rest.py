"""One HTTP request, once: its JSON, or an error whose class says what may have happened.

Vendors' clients repeat requests by themselves, submissions included, and hide the status. Whoever
must not pay twice sends each request once and decides by the kind of failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .key_files import without
from .provider import ProviderError, RefusedError, TransientError, UncertainError

CONNECT_SECONDS = 10.0
READ_SECONDS = 30.0


def request(
    method: str,
    url: str,
    *,
    vendor: str,
    headers: Mapping[str, str],
    secret: str,
    params: Mapping[str, Any] | None = None,
    body: str | None = None,
) -> Any:
    """Send a request and return the decoded answer.

    Raises:
        RefusedError: 4xx: it would be refused again.
        TransientError: 429, or a read that failed, or no connection was made.
        UncertainError: a submission failed after it may have arrived, or was answered with
            something that is not JSON.
    """
    import requests

    submitting = method == "POST"
    failed: type[ProviderError] = UncertainError if submitting else TransientError
    try:
        answer = requests.request(
            method,
            url,
            params=dict(params or {}),
            data=body,
            headers=dict(headers),
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
        )
    except requests.exceptions.RequestException as error:
        before = isinstance(error, requests.exceptions.ConnectTimeout) or _never_connected(error)
        kind = TransientError if before else failed
        raise kind(f"{vendor}: {type(error).__name__}") from None
    status = answer.status_code
    if status >= 300:
        text = without(" ".join(answer.text.split()), secret)
        message = f"{vendor} answered {status}: {text}"
        if status == 429:
            raise TransientError(message)
        if status >= 500:
            raise failed(message)
        raise RefusedError(message)
    try:
        return answer.json()
    except ValueError:
        raise failed(f"{vendor} answered with something that is not JSON") from None


def _never_connected(error: BaseException) -> bool:
    """Whether urllib3 says that no connection was opened, so that nothing can have arrived."""
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
