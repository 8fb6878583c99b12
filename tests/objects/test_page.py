"""The code of docs/objects.md runs, block after block."""

import re
import runpy
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "objects.md"


def test_the_pages_code_runs(tmp_path, monkeypatch, capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(script))
    assert names["result"].error < 1e-3
    assert names["cut"].bits.ratio > 0.7
    assert names["mine"].error < 1e-3
    assert "step" in capsys.readouterr().out
