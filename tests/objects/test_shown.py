"""Results show themselves: tables in plain text and in HTML, with the numbers of `frame`."""

import re
from html import unescape

import pandas as pd
import pytest

from qvopt import compare, diagonalize, excited_states, forecast, run, run_properties, scan


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("shown") / "run"
    run("h2", shots=500, seed=1, max_steps=3, out=path)
    return path


RESULTS = {
    "properties": lambda folder: run_properties(folder, exact=True),
    "diagonalization": lambda folder: diagonalize(folder, shots=200),
    "excited states": lambda folder: excited_states("h2", 2),
    "scan": lambda folder: scan("h2", "bond", [0.6, 0.8]),
    "forecast": lambda folder: forecast("h2", backend="ibm:ibm_fez", shots=1000, max_steps=2),
}


def table_of(html):
    (table,) = re.findall(r"<table>(.*?)</table>", html)
    rows = [
        re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in re.findall(r"<tr>(.*?)</tr>", table)
    ]
    header, *body = [[unescape(cell) for cell in row] for row in rows]
    return pd.DataFrame(body, columns=header)


@pytest.mark.parametrize("kind", RESULTS)
def test_the_table_is_that_of_the_frame(kind, folder):
    result = RESULTS[kind](folder)
    frame = result.frame()
    shown = table_of(result._repr_html_())
    assert set(shown.columns) <= set(frame.columns)
    assert len(shown) == len(frame)
    for name in shown.columns:
        if pd.api.types.is_numeric_dtype(frame[name]):
            numbers = [float(cell.replace(",", "")) for cell in shown[name]]
            assert numbers == pytest.approx(frame[name].to_numpy(dtype=float), rel=1e-6, abs=1e-9)
    text = repr(result)
    assert max(len(line) for line in text.splitlines()) < 160
    for name in shown.columns:
        assert name in text


def test_a_comparison_draws_the_best_first_in_axes_of_its_own_or_given(tmp_path):
    from matplotlib.figure import Figure

    result = compare(problems=["h2"], optimizers=["adam", "icans"], shots=200, budget=20_000,
                     seeds=2, out=tmp_path / "c")  # fmt: skip
    ax = Figure().subplots()
    assert result.plot(ax=ax) is ax
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == list(result.summary.order)
