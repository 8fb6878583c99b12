"""The page in a real browser: errors, network, widths, keyboard, names of images."""

import http.server
import itertools
import shutil
import threading
from functools import partial

import pytest

from qvopt.comparison.report import write_report
from qvopt.comparison.summarize import summarize

CHROMIUM = next(
    (p for n in ("chromium", "chromium-browser", "google-chrome") if (p := shutil.which(n))), None
)
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None, reason="needs chromium and chromedriver on the path"
)

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--no-first-run",
)  # fmt: skip


@pytest.fixture(scope="module")
def served(synthetic, tmp_path_factory):
    """The report behind a web server that keeps the paths it was asked for."""
    folder = tmp_path_factory.mktemp("page")
    runs = synthetic(("H2",), 10, 6)
    write_report(folder, runs, summarize(runs, [1.6e-3, 1e-2]), {"title": "In a browser"})
    asked = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            super().do_GET()

        def end_headers(self):
            self.send_header("Cache-Control", "no-store")  # each test loads it anew
            super().end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/report.html", asked
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(executable_path=DRIVER)
    )
    yield driver
    driver.quit()


def resize(browser, width, scheme="light"):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500},
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )


def test_no_error_and_nothing_is_loaded(browser, served):
    url, asked = served
    asked.clear()
    browser.get(url)
    assert browser.title == "In a browser"
    assert browser.get_log("browser") == []
    assert asked == ["/report.html"]
    entries = browser.execute_script("return performance.getEntriesByType('resource').length")
    assert entries == 0


def test_the_policy_is_enforced(browser, served):
    browser.get(served[0])
    color = "return getComputedStyle(document.querySelector('h1')).color"
    before = browser.execute_script(color)
    browser.execute_script(
        "const s = document.createElement('style'); s.textContent = 'h1 {color: rgb(1, 2, 3)}';"
        "document.head.append(s)"
    )
    assert browser.execute_script(color) == before
    assert any("Content Security Policy" in e["message"] for e in browser.get_log("browser"))


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_the_body_never_scrolls_sideways(browser, served, width):
    resize(browser, width)
    browser.get(served[0])
    browser.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    size = browser.execute_script("return document.documentElement.scrollWidth")
    assert size <= width


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_colours_follow_the_reader(browser, served, scheme, dark):
    resize(browser, 1280, scheme)
    browser.get(served[0])
    script = (
        "const s = getComputedStyle(document.querySelector(arguments[0])); return s[arguments[1]]"
    )

    def light(selector, name):
        value = browser.execute_script(script, selector, name)
        return sum(int(v) for v in value.strip("rgba()").split(",")[:3]) / 3

    assert (light("body", "backgroundColor") < 128) == dark
    assert (light("body", "color") > 128) == dark
    assert (light("svg text", "fill") > 128) == dark  # labels of pictures too


def test_images_have_names_and_their_text_does_not_overlap_the_edge(browser, served):
    resize(browser, 1280)
    browser.get(served[0])
    images = browser.execute_script(
        "return [...document.querySelectorAll('svg')].map(s => {"
        "const b = s.getBoundingClientRect();"
        "return [s.getAttribute('role'), s.getAttribute('aria-label'),"
        "Math.max(...[...s.querySelectorAll('text')].map(t => t.getBoundingClientRect().right))"
        "- b.right]})"
    )
    assert len(images) >= 6
    for role, label, beyond in images:
        assert role == "img"
        assert len(label) > 40
        assert beyond < 2


def test_every_part_is_reached_by_keyboard(browser, served):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    resize(browser, 360)
    browser.get(served[0])
    seen = []
    for _ in range(600):  # each heading of a table is a button
        ActionChains(browser).send_keys(Keys.TAB).perform()
        at = browser.execute_script(
            "const e = document.activeElement; const s = getComputedStyle(e);"
            "return [e.tagName, e.getAttribute('aria-label') || e.textContent.slice(0, 40),"
            "e.getBoundingClientRect().top + scrollY, s.outlineStyle]"
        )
        if at[0] == "BODY":
            break
        seen.append(at)
    assert seen[0][1] == "Skip to the results"
    assert all(outline != "none" for _, _, _, outline in seen)  # focus can be seen
    tops = [top for _, _, top, _ in seen[1:]]
    assert all(b >= a - 2 for a, b in itertools.pairwise(tops))  # in reading order
    scrolling = browser.execute_script(
        "return [...document.querySelectorAll('.scroll, pre')].filter(e => e.offsetParent)"
        ".map(e => e.getAttribute('aria-label'))"
    )
    assert set(scrolling) <= {name for _, name, _, _ in seen}


def test_the_skip_link_goes_to_the_results(browser, served):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys

    browser.get(served[0])
    ActionChains(browser).send_keys(Keys.TAB).send_keys(Keys.ENTER).perform()
    assert browser.execute_script("return document.activeElement.id") == "results"


def test_a_table_is_sorted_by_its_numbers_both_ways(browser, served):
    browser.get(served[0])
    column = (
        "return [...document.querySelectorAll('#results tbody tr')]"
        ".map(r => Number(r.cells[2].textContent))"
    )
    for _ in range(2):
        browser.execute_script("document.querySelectorAll('#results thead button')[2].click()")
        ranks = browser.execute_script(column)
    assert len(ranks) == 10
    assert ranks == sorted(ranks, reverse=True)


def test_the_target_of_the_tables_is_chosen(browser, served):
    browser.get(served[0])
    shown = "return [...document.querySelectorAll('[data-target]')].map(e => !!e.offsetParent)"
    assert browser.execute_script(shown) == [True, False]
    browser.execute_script(
        "const s = document.querySelector('select'); s.value = '1';"
        "s.dispatchEvent(new Event('change'))"
    )
    assert browser.execute_script(shown) == [False, True]


def test_an_optimizer_is_switched_off_and_a_picture_zoomed(browser, served):
    resize(browser, 1280)
    browser.get(served[0])
    visible = (
        "return document.getElementById('convergence-1-optimizer-0-line')"
        ".getBoundingClientRect().width > 0"
    )
    assert browser.execute_script(visible)
    browser.execute_script("document.querySelector('.switches button').click()")
    assert not browser.execute_script(visible)
    view = "return document.querySelector('#convergence-1 svg').getAttribute('viewBox')"
    whole = browser.execute_script(view)
    browser.execute_script("document.querySelector('#convergence-1 .controls button').click()")
    assert browser.execute_script(view) != whole
    assert browser.get_log("browser") == []


def test_the_values_of_a_line_are_read_under_the_pointer(browser, served):
    from selenium.webdriver.common.action_chains import ActionChains

    resize(browser, 1280)
    browser.get(served[0])
    line = browser.find_element("css selector", "#convergence-1-optimizer-0-line path")
    x, y = browser.execute_script(
        "const p = arguments[0]; p.scrollIntoView({block: 'center'});"
        "const b = document.querySelector('#convergence-1 svg').getBoundingClientRect();"
        "const q = p.getPointAtLength(p.getTotalLength() / 2).matrixTransform(p.getScreenCTM());"
        "return [q.x - b.left - b.width / 2, q.y - b.top - b.height / 2]",
        line,
    )
    svg = browser.find_element("css selector", "#convergence-1 svg")
    ActionChains(browser).move_to_element_with_offset(svg, int(x), int(y)).perform()
    said = browser.find_element("css selector", "#convergence-1 output").text
    name = browser.find_element("css selector", "#convergence-1 .switches button").text
    assert said.startswith(f"{name}: ")
    assert said.endswith("shots")
