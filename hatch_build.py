"""The page of the package at an index: README with absolute links, and the project's addresses.

Both are known where the package is built: GitHub's workflows say by GITHUB_SERVER_URL,
GITHUB_REPOSITORY and GITHUB_REF_NAME which repository and which tag or branch they build. Elsewhere
the page is README as it is.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from hatchling.metadata.plugin.interface import MetadataHookInterface

PICTURE = re.compile(r"(!\[[^\]]*\]\()(?!https?:|#)([^)\s]+)")
LINK = re.compile(r"((?<!!)\[[^\]]*\]\()(?!https?:|#)([^)\s]+)")


class RepositoryLinks(MetadataHookInterface):
    """Fills the dynamic fields `readme` and `urls`."""

    def update(self, metadata):
        """Write the fields into `metadata`, the `[project]` table."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        address = repository(os.environ)
        if address is not None:
            metadata["urls"] = addresses(address)
            text = absolute_links(text, address, os.environ.get("GITHUB_REF_NAME") or "main")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}


def repository(environment: Mapping[str, str]) -> str | None:
    """The address of the repository that is built, or None where nobody says it."""
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    return f"{server}/{name}" if server and name else None


def addresses(repository: str) -> dict[str, str]:
    """`[project.urls]`, with the labels that indexes know."""
    return {
        "Source": repository,
        "Documentation": f"{repository}/tree/main/docs",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }


def absolute_links(text: str, repository: str, reference: str) -> str:
    """The page with its relative links at a tag or branch of the repository, pictures as files."""
    text = PICTURE.sub(rf"\g<1>{repository}/raw/{reference}/\g<2>", text)
    return LINK.sub(rf"\g<1>{repository}/blob/{reference}/\g<2>", text)
