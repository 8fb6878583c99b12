"""The report as one self-contained page."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def render_page(context: Mapping[str, Any], svgs: Mapping[str, str]) -> str:
    """Return the page.

    Args:
        context: of the template, see `write_report`; text is escaped.
        svgs: inline SVG of each picture by name, made by us and not escaped.

    Its one style sheet and its one script are allowed by their hashes, and nothing else may load.
    Without the script everything is there to read; it adds sorting, a choice of target, switches
    for optimizers, values under the pointer and zoom.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    css, script = _resource("page.css"), _resource("page.js")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_resource("page.html.j2"))
    pictures = [(p, Markup(svgs[p.name])) for p in context["pictures"]]
    page: str = template.render(
        **{**context, "pictures": pictures},
        css=Markup(css),
        script=Markup(script),
        style_hash=_hash(css),
        script_hash=_hash(script),
    )
    return page


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _resource(name: str) -> str:
    return (files("qvopt.comparison.report") / name).read_text(encoding="utf-8")
