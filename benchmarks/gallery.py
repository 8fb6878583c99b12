"""The pictures of docs/gallery.md that one command of qvopt draws.

    python benchmarks/gallery.py              # runs the commands, and says where the pictures are
    python benchmarks/gallery.py --write      # puts them into docs/images, and renews the page

The others have scripts of their own, which take `--write` too: `examples/optimizers/*.py`,
`examples/noise_study/noise_study.py`; `examples/compare/results.py` writes by itself.
"""

import argparse
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from published import DOCS, renew, this_command

PICTURES = {  # file in docs/images: the command, what it draws, title and caption
    "h2-icans-shots.png": (
        "qvopt run h2 --optimizer icans --shots 1000 --seed 1 --max-steps 40",
        "convergence.png", "H2 under shots", "",
    ),
    "h4-curve.png": (
        "qvopt scan h4-chain --bond 0.6:2.4:19",
        "scan.png", "Four hydrogen atoms pulled apart",
        ": where CCSD falls below full CI, VQE stays above it.",
    ),
}  # fmt: skip


def draw(name: str, folder: Path) -> Path:
    """Run the command of a picture in a folder; return where the picture is."""
    command, picture, *_ = PICTURES[name]
    subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], cwd=folder, check=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    (path,) = (p for p in folder.rglob(picture) if "points" not in p.parts)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PICTURES), metavar="NAME.png")
    parser.add_argument("--write", action="store_true", help="renew docs/images and the page")
    arguments = parser.parse_args()
    for name in arguments.names:
        path = draw(name, Path(tempfile.mkdtemp()))
        print(path)
        if arguments.write:
            shutil.copy(path, DOCS / "images" / name)
            command, _, title, caption = PICTURES[name]
            text = f"![{title}](images/{name})\n\n*`{command}`{caption}*\n"
            renew("gallery.md", Path(name).stem, text, this_command())


if __name__ == "__main__":
    main()
