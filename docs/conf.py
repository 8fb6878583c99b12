"""The documentation's site: `sphinx-build -W --keep-going docs build/site`."""

import os
import sys
from importlib.metadata import version as installed_version
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
for folder in (HERE, ROOT / "molecules", ROOT / "circuits", ROOT):
    sys.path.insert(0, str(folder))
os.environ.setdefault("OMP_NUM_THREADS", "1")

from _site.docstrings import restore_colons, to_restructured_text  # noqa: E402
from _site.links import rewrite_links  # noqa: E402
from _site.pages import write_pages  # noqa: E402

project = "qvopt"
author = "The qvopt developers"
copyright = "The qvopt developers"
release = version = installed_version("qvopt")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_site", "_static", "generated/parts"]
myst_heading_anchors = 4
myst_enable_extensions = ["deflist", "colon_fence"]
suppress_warnings = ["misc.highlighting_failure"]  # of shell lines with placeholders

highlight_language = "text"
html_theme = "furo"
html_title = "qvopt"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
copybutton_exclude = ".linenos, .gp, .go"

default_role = "literal"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_member_order = "bysource"
add_module_names = False
python_use_unqualified_type_names = True
napoleon_custom_sections = [("Settings", "params_style")]
napoleon_use_rtype = False


def setup(app):
    """Write the generated pages, and adapt docstrings and links to Sphinx."""
    write_pages(ROOT, HERE / "generated")
    app.connect("autodoc-process-docstring", to_restructured_text, priority=100)
    app.connect("autodoc-process-docstring", restore_colons, priority=900)
    app.connect("source-read", rewrite_links)
