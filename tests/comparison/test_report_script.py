"""The script of the page: its permission, its numbers against matplotlib's, its functions."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from importlib.resources import files
from xml.etree import ElementTree

import numpy as np
import pytest

from qvopt.comparison.grid import Grid
from qvopt.comparison.pictures.catalogue import draw_pictures
from qvopt.comparison.report import write_report
from qvopt.comparison.summarize import summarize

SCRIPT = files("qvopt.comparison.report") / "page.js"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node on the path")


@pytest.fixture(scope="module")
def picture(synthetic):
    runs = synthetic(("H2",), 10, 6, 30)
    return next(draw_pictures(Grid(runs), summarize(runs)))


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = tag == "script"

    def handle_endtag(self, tag):
        self.inside = False

    def handle_data(self, data):
        if self.inside:
            self.scripts.append(data)


@pytest.fixture(scope="module")
def page(synthetic, tmp_path_factory):
    runs = synthetic(("H2",), 3, 4, 10)
    folder = tmp_path_factory.mktemp("page")
    summary = summarize(runs, [1.6e-3, 1e-2])
    return Page(write_report(folder, runs, summary, {}).read_text(encoding="utf-8"))


def run_in_node(expression, data=None):
    code = (
        f"const page = require({json.dumps(str(SCRIPT))});"
        f"const data = {json.dumps(data)};"
        f"console.log(JSON.stringify({expression}, (_, v) => "
        "Number.isNaN(v) ? 'nan' : v === Infinity ? 'inf' : v === -Infinity ? '-inf' : v))"
    )
    done = subprocess.run(
        ["node", "-e", code], capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def test_the_policy_allows_this_script_and_no_other(page):
    (text,) = page.scripts
    policy = next(a["content"] for _, a in page.tags if a.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    for word in ("fetch", "XMLHttpRequest", "WebSocket", "import(", "eval", "innerHTML", "http:"):
        assert word not in text.replace('"http://www.w3.org/2000/svg"', "")


def test_each_target_has_a_table_and_without_the_script_the_main_one_is_seen(page):
    parts = [a for tag, a in page.tags if tag == "div" and "data-target" in a]
    assert [(a["data-target"], "hidden" in a) for a in parts] == [("0", False), ("1", True)]
    (control,) = [a for _, a in page.tags if a.get("data-control") == "target"]
    assert "hidden" in control  # the script shows it
    assert sum(tag == "option" for tag, _ in page.tags) == 2


def test_every_line_can_be_switched_off_in_the_picture(page, synthetic):
    (figure,) = [a for tag, a in page.tags if tag == "figure" and "data-series" in a]
    names = [line["name"] for line in json.loads(figure["data-series"])["lines"]]
    assert sorted(names) == sorted({run.optimizer for run in synthetic(("H2",), 3, 4, 10)})
    ids = {a["id"] for _, a in page.tags if "id" in a}
    for k in range(len(names)):
        for part in ("line", "band", "leader", "label"):
            assert f"{figure['id']}-optimizer-{k}-{part}" in ids


def drawn_points(picture, k):
    """The vertices of a line as matplotlib wrote them into the SVG."""
    root = ElementTree.fromstring(picture.inline())
    group = next(e for e in root.iter() if e.get("id") == f"{picture.name}-optimizer-{k}-line")
    path = next(e.get("d") for e in group.iter() if e.get("d"))
    return np.array(re.findall(r"[ML]\s*(\S+) (\S+)", path), dtype=float)


def test_the_values_are_at_the_points_that_are_drawn(picture):
    """The map from values to the picture, written out here, meets matplotlib's own vertices."""
    data = json.loads(picture.data)
    left, top, right, bottom = data["axes"]
    (x0, x1), (y0, y1) = data["xlim"], data["ylim"]
    for k, line in enumerate(data["lines"]):
        errors = np.array([np.nan if e is None else e for e in line["errors"]])
        x = left + (right - left) * np.log(np.array(data["shots"]) / x0) / np.log(x1 / x0)
        y = bottom - (bottom - top) * np.log(errors / y0) / np.log(y1 / y0)
        points = np.column_stack([x, y])[np.isfinite(errors)]
        for vertex in drawn_points(picture, k)[1:-1]:
            assert np.hypot(*(points - vertex).T).min() < 0.1, line["name"]


@needs_node
def test_a_point_under_the_pointer_is_that_of_the_line(picture):
    data = json.loads(picture.data)
    vertex = drawn_points(picture, 0)[3]
    found = run_in_node(f"page.nearestPoint(data, new Set(), {vertex[0]}, {vertex[1]})", data)
    assert found["name"] == data["lines"][0]["name"]
    assert found["error"] in data["lines"][0]["errors"]
    others = run_in_node(f"page.nearestPoint(data, new Set([0]), {vertex[0]}, {vertex[1]})", data)
    assert others is None or others["name"] != found["name"]
    back = run_in_node(f"page.toData(data, {found['x']}, {found['y']})", data)
    np.testing.assert_allclose(back, [found["shots"], found["error"]], rtol=1e-6)


@needs_node
def test_cells_are_sorted_by_their_numbers():
    cells = {
        "1.5k": 1500, "20M": 2e7, "3G": 3e9, "∞": "inf", "−0.250": -0.25, "12/30": 0.4,
        "93–100": 93, "1.20 ± 0.30": 1.2, "< 0.0001": 1e-4, "1,234": 1234, "–": "nan",
        "7 †": 7, "55 %": 55, "adam": "nan", "0": 0, "1.2e-05": 1.2e-5, "−∞": "-inf",
    }  # fmt: skip
    found = run_in_node("data.map(page.cellValue)", list(cells))
    for text, value, expected in zip(cells, found, cells.values(), strict=True):
        same = value == expected if isinstance(expected, str) else value == pytest.approx(expected)
        assert same, text


@needs_node
def test_zoom_keeps_the_shape_and_stays_within_the_picture():
    whole = [0, 0, 518.4, 309.6]
    for factor, x, y in ((2, 10, 10), (40, 518, 309), (0.5, 100, 100)):
        left, top, width, height = run_in_node(
            f"page.zoomed(data, data, {factor}, {x}, {y})", whole
        )
        assert width / height == pytest.approx(whole[2] / whole[3])
        assert left >= 0
        assert top >= 0
        assert left + width <= whole[2] + 1e-9
        assert top + height <= whole[3] + 1e-9
        assert whole[2] / 16 - 1e-9 <= width <= whole[2]
