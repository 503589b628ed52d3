"""Two makes at once do not break each other's environment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

INSTALL = "./install"
SCRIPT = """#!/bin/sh
echo "begin $*" >> log
sleep 0.2
echo "end $*" >> log
"""


@pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")
def test_makes_install_one_after_another_and_nothing_twice(tmp_path):
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in ("pyproject.toml", "constraints.txt", ".venv/bin/python", "install"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SCRIPT if name == "install" else "")
    (tmp_path / "install").chmod(0o755)
    makes = [start(tmp_path, extra) for extra in ("-test", "-check", "-check", "")]
    for make in makes:
        output, _ = make.communicate(timeout=60)
        assert make.returncode == 0, output
    lines = (tmp_path / "log").read_text().splitlines()
    assert [line.split()[0] for line in lines] == ["begin", "end"] * 3
    assert sorted(lines[::2]) == ["begin -e .", "begin -e .[check]", "begin -e .[test]"]
    assert lines[0] == "begin -e ."


def start(folder: Path, extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["make", f".venv/.installed{extra}", f"INSTALL={INSTALL}"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
