"""Every picture of docs/ is made by a command that the gallery names, by a script that names it."""

import re
import shlex
from pathlib import Path

import pytest
from published_pages import ROOT, blocks, made_by, page, pages

IMAGES = ROOT / "docs" / "images"
SUFFIXES = (".png", ".svg", ".jpg", ".gif", ".pdf")
PICTURES = sorted(
    p.relative_to(ROOT / "docs").as_posix()
    for folder in (IMAGES, ROOT / "docs" / "_static")
    for p in folder.rglob("*")
    if p.suffix in SUFFIXES
)


def command_of(picture):
    """The command of the gallery's part that shows a picture, or of its section."""
    for part in blocks("gallery.md").values():
        if f"({picture})" in part:
            return made_by(part)
    for section in page("gallery.md").split("\n## "):
        if f"({picture})" in section:
            return re.search(r"`(python [^`]+)`", section)[1]
    return None


@pytest.mark.parametrize("picture", PICTURES)
def test_the_gallery_names_the_command_of_every_picture(picture):
    command = command_of(picture)
    assert command is not None, "show it in docs/gallery.md, with its command"
    script = ROOT / shlex.split(command)[1]
    # The script, or one beside it that it imports, names the file or its folder and ending.
    source = "".join(p.read_text(encoding="utf-8") for p in script.parent.glob("*.py"))
    path = Path(picture)
    if path.name in source:
        return
    assert path.parent.name in source
    named = script.stem == path.stem or path.stem.partition("-")[2] in source
    assert named
    assert f"}}{path.suffix}" in source


def test_every_picture_that_a_page_shows_is_there():
    shown = {
        (ROOT / "docs" / name).parent / target
        for name in pages()
        for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page(name))
    }
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown |= {ROOT / target for target in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", readme)}
    assert all(path.exists() for path in shown)
    assert {p.resolve() for p in shown} == {(ROOT / "docs" / p).resolve() for p in PICTURES}


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["canyon", "oscillation", "recovery", "clipping_feedback", "sparse_features", "saddle"]
)
def test_pictures_of_phenomena_come_out_again(name, scripts, tmp_path):
    scripts.run(ROOT / "examples" / "optimizers" / f"{name}.py", str(tmp_path / "again.png"))
    check_alike(IMAGES / "optimizers" / f"{name}.png", tmp_path / "again.png")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["h2-icans-shots.png", "h4-curve.png"])
def test_pictures_of_commands_come_out_again(name, script, tmp_path):
    made = script("benchmarks/gallery.py")
    check_alike(IMAGES / name, made.draw(name, tmp_path))


def check_alike(published, again):
    """Alike but for what another version of fonts or of the plotting library may move."""
    from matplotlib.image import imread

    old, new = imread(published)[..., :3].mean(axis=2), imread(again)[..., :3].mean(axis=2)
    assert abs(old.shape[0] - new.shape[0]) <= 4
    assert abs(old.shape[1] - new.shape[1]) <= 4
    a, b = coarse(old), coarse(new)
    assert ((a - b) ** 2).mean() < 0.02 * a.var(), published.name


def coarse(image, cells=60):
    """Means over a grid of cells."""
    h, w = (n // cells * cells for n in image.shape)
    return image[:h, :w].reshape(cells, h // cells, cells, w // cells).mean(axis=(1, 3))
