"""What CONTRIBUTING.md says of adding to the library works as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.conftest import environment, forkserver

REPOSITORY = Path(__file__).parents[1]
BLOCKS = re.findall(
    r"^```python\n(.*?)^```$", (REPOSITORY / "CONTRIBUTING.md").read_text("utf-8"), re.M | re.S
)
HEAD = re.compile(r"# (?P<file>[\w/]+\.py)(, (?P<how>after|before|in place of): (?P<line>.*))?\n")
TRY = "# try it\n"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with every block that names a file in its place."""
    folder = tmp_path_factory.mktemp("changed")
    package = folder / "colonnade"
    shutil.copytree(
        REPOSITORY / "src/colonnade", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    for block in BLOCKS:
        if not block.startswith(TRY):
            put(package, block)
    return folder


def put(package: Path, block: str) -> None:
    head = HEAD.match(block)
    assert head, f"the first line names no file: {block.splitlines()[0]}"
    path, added = package / head["file"], block[head.end() :]
    if not head["how"]:
        assert not path.exists()
        path.write_text(added, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    [place] = [i for i, line in enumerate(lines) if line.strip() == head["line"].strip()]
    indent = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    first = place + (head["how"] == "after")
    last = place + (head["how"] != "before")
    lines[first:last] = textwrap.indent(added, indent).splitlines(keepends=True)
    path.write_text("".join(lines), encoding="utf-8")


def test_every_kind_of_addition_is_shown() -> None:
    tried = [block for block in BLOCKS if block.startswith(TRY)]
    assert len(tried) == 4  # a metric, a network, a kind of column, a command
    assert len(BLOCKS) > 3 * len(tried)


def test_additions_do_what_is_promised(changed: Path) -> None:
    tried = "\n".join(block for block in BLOCKS if block.startswith(TRY))
    done = forkserver().run(["-c", tried], changed, environment())
    assert done.returncode == 0, done.stderr


def test_additions_keep_to_the_plan(changed: Path) -> None:
    done = subprocess.run(
        [sys.executable, REPOSITORY / "tests/check_structure.py", changed / "colonnade"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
