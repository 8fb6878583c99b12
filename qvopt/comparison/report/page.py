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

    It has no script; its one style sheet is allowed by its hash, and nothing else may load.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    css = _resource("page.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_resource("page.html.j2"))
    pictures = [(p, Markup(svgs[p.name])) for p in context["pictures"]]
    page: str = template.render(
        **{**context, "pictures": pictures}, css=Markup(css), style_hash=f"sha256-{digest}"
    )
    return page


def _resource(name: str) -> str:
    return (files("qvopt.comparison.report") / name).read_text(encoding="utf-8")
