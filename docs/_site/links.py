"""Links from the pages to files of the repository, which lead to pages of the site instead."""

import re
from typing import Any

_SCRIPT = re.compile(r"\]\((?:\.\./)+examples/([\w./-]+?)/?(#[\w-]+)?\)")


def rewrite_links(app: Any, docname: str, source: list[str]) -> None:
    """Send links to examples to the pages that show them (a handler of Sphinx's event)."""
    if not docname.startswith("generated/"):
        up = "../" * docname.count("/")
        source[0] = _SCRIPT.sub(lambda m: f"]({up}generated/examples/{page_of(m[1])})", source[0])


def page_of(path: str) -> str:
    """The page that shows a file, or a folder, of `examples/`, from the pages of examples.

    >>> page_of("curve.py"), page_of("ansatze/lucj.py"), page_of("optimizers/README.md")
    ('scripts.md#scripts-curve-py', 'ansatze.md#ansatze-lucj-py', 'optimizers.md')
    >>> page_of("notebooks/1_first_vqe.ipynb")
    '../tutorials/1_first_vqe.md'
    """
    folder, _, name = path.rpartition("/")
    if folder == "notebooks" or name == "notebooks":
        return f"../tutorials/{name.removesuffix('.ipynb') if folder else 'index'}.md"
    if "." not in name:
        return f"{name}.md"
    if name == "README.md":
        return f"{folder}.md"
    page = folder or "scripts"
    return f"{page}.md#{anchor(page, name)}"


def anchor(page: str, name: str) -> str:
    """The label of a file on its page."""
    return f"{page}-{name}".lower().replace(".", "-").replace("_", "-")
