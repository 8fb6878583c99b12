"""A certificate for one comparison: its scheduler and its workers trust nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def temporary_security(folder: Path) -> Any:
    """Make a certificate, kept in files that their owner alone can read; None if none can be made.

    Returns a `distributed.security.Security` that asks for encryption and names the files.
    """
    from distributed.security import Security

    try:
        made = Security.temporary()
    except ImportError:  # no cryptography
        return None
    paths = {}
    for name, text in (
        ("ca.pem", made.tls_ca_file),
        ("cert.pem", made.tls_worker_cert),
        ("key.pem", made.tls_worker_key),
    ):
        paths[name] = folder / name
        paths[name].touch(mode=0o600)
        paths[name].write_text(text)
    roles = ("scheduler", "worker", "client")
    return Security(
        require_encryption=True,
        tls_ca_file=str(paths["ca.pem"]),
        **{f"tls_{role}_cert": str(paths["cert.pem"]) for role in roles},
        **{f"tls_{role}_key": str(paths["key.pem"]) for role in roles},
    )
