"""A project of its own for each test: the repository's configuration and data, an empty past."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.forked import KEDRO, Server

if TYPE_CHECKING:
    from kedro.framework.session import KedroSession

REPOSITORY = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("kedro")
# One thread a process: pytest runs a process a core. Read by numpy and torch as they are imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
if not os.access(Path("~").expanduser(), os.W_OK) and "MPLCONFIGDIR" not in os.environ:
    # Else matplotlib makes a folder which the first of all forked processes to end takes away.
    os.environ["MPLCONFIGDIR"] = tempfile.mkdtemp(prefix="colonnade-tests-")
    atexit.register(shutil.rmtree, os.environ["MPLCONFIGDIR"], ignore_errors=True)
Kedro = Callable[..., subprocess.CompletedProcess[str]]


def pytest_configure() -> None:
    # A shell starts its background jobs deaf to SIGINT, and they pass it on: what the tests
    # interrupt must hear it.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


QUICK = """
phone_price:
  training: {epochs: 20, l1: 0, temperature: false}
  evaluation: {baselines: [], explain: false}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a fresh clone holds, with short trainings that are not tracked."""
    return make_project(tmp_path / "project", quick=True, tracked=False)


@pytest.fixture
def tracked(project: Path) -> Path:
    """The project, with MLflow."""
    (project / "conf/local/mlflow.yml").unlink()
    return project


def make_project(folder: Path, *, quick: bool = False, tracked: bool = True) -> Path:
    """A copy of what a fresh clone holds; quick: phone_price is trained shortly, judged plainly."""
    folder.mkdir()
    for name in ("pyproject.toml", ".telemetry"):
        shutil.copy(REPOSITORY / name, folder / name)
    shutil.copytree(REPOSITORY / "conf", folder / "conf", ignore=shutil.ignore_patterns("local"))
    (folder / "conf/local").mkdir()
    if quick:
        (folder / "conf/local/parameters_quick.yml").write_text(QUICK)
    if not tracked:
        (folder / "conf/local/mlflow.yml").write_text("mode: off\n")
    raw = folder / "data/01_raw"
    raw.mkdir(parents=True)
    for name in ("phone_price_sample.csv", "phone_price_sample.source.json", "penguins.csv"):
        shutil.copy(REPOSITORY / "data/01_raw" / name, raw / name)
    (folder / "src").mkdir()
    (folder / "src/colonnade").symlink_to(REPOSITORY / "src/colonnade")
    return folder


def session_in(folder: Path, **options: Any) -> KedroSession:
    """A session of this process in a project.

    Kedro is told of the package once, which takes longer than what most tests do in a session,
    and in every project of its tables.
    """
    from kedro.framework import project, session, startup

    if project.PACKAGE_NAME is None:
        startup.bootstrap_project(folder)
    project.pipelines.configure("colonnade.pipeline_registry")
    return session.KedroSession.create(folder, **options)


@pytest.fixture
def kedro(project: Path) -> Kedro:
    """Run a kedro command as a real process in the project."""
    return kedro_in(project)


def kedro_in(folder: Path) -> Kedro:
    """Run kedro commands in a folder: forked, or cold, as the installed command itself."""

    def command(
        *words: str, expect: int = 0, cold: bool = False
    ) -> subprocess.CompletedProcess[str]:
        if cold:
            done = subprocess.run(
                [COMMAND, *words],
                cwd=folder,
                env=environment(),
                capture_output=True,
                text=True,
                check=False,
            )
        else:
            done = forkserver().run(["-m", "kedro", *words], folder, environment())
        assert done.returncode == expect, done.stdout + done.stderr
        return done

    return command


def environment() -> dict[str, str]:
    """What a kedro command is given: this process's environment, without telemetry."""
    return {**os.environ, "KEDRO_DISABLE_TELEMETRY": "1"}


@cache
def forkserver() -> Server:
    """The one that forks kedro's processes for this process's tests."""
    server = Server(KEDRO)
    atexit.register(server.close)
    return server


@pytest.fixture(scope="session")
def phone_price_dir() -> Path:
    """The folder of the real phone table, when this machine has it."""
    folder = os.environ.get("COLONNADE_PHONE_PRICE_DIR")
    if not folder:
        pytest.skip("COLONNADE_PHONE_PRICE_DIR does not name the folder of the real phone table")
    return Path(folder)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; one for all tests, since a process holds only one at a time."""
    from tests.browser.servers import ARGUMENTS, find_chromium

    chromium = find_chromium()
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()
