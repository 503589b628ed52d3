"""A forked process is what a cold one would be."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, forkserver

pytestmark = pytest.mark.slow
ENV = {"HOME": "/", "MARK": "价格"}


@pytest.mark.parametrize(
    "words",
    [
        ["-c", "import os, sys; print(os.getcwd(), os.environ['MARK'], sys.argv, sys.path[0])"],
        ["-c", "import sys; print('said', file=sys.stderr); sys.exit(3)"],
        ["-c", "raise SystemExit('no')"],
        ["-c", "import atexit; atexit.register(print, 'left')"],
        ["-c", "import threading, time\nthreading.Timer(0.1, print, ['late']).start()"],
        ["-c", "import sys; print(repr(sys.stdin.read()))"],
        ["-c", "import signal\nprint([signal.getsignal(s) for s in (2, 15, 17)])"],
        ["-m", "tool", "one", "two words"],
    ],
)
def test_a_forked_process_says_and_ends_as_a_cold_one(tmp_path, words):
    (tmp_path / "tool.py").write_text(
        "import sys\nprint(__name__, sys.argv, sys.modules['__main__'].__spec__.name)"
    )
    forked = forkserver().run(words, tmp_path, ENV)
    cold = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path,
        env=ENV,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (forked.returncode, forked.stdout) == (cold.returncode, cold.stdout)
    assert forked.stderr == cold.stderr


def start(folder, code):
    reading, writing = os.pipe()
    process = forkserver().start(["-c", code], folder, ENV, writing, writing)
    os.close(writing)
    return process, os.fdopen(reading)


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_forked_process_hears_signals(tmp_path, sign):
    process, said = start(tmp_path, "import os, time; print(os.getpid()); time.sleep(60)")
    with process, said:
        assert int(said.readline()) == process.pid == os.getpgid(process.pid)
        assert process.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.01)
        process.send_signal(sign)
        assert process.wait(20) == process.poll() == -sign


def test_a_folder_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(RuntimeError, match="could not be forked: the server's log says why"):
        forkserver().run(["-c", ""], tmp_path / "missing", ENV)


def test_the_server_knows_nothing_of_a_project(tmp_path):
    rooms = {"colonnade", "kedro", "kedro_datasets", "kedro_viz", "mlflow"}
    code = f"import sys; print('torch' in sys.modules, sorted({rooms} & set(sys.modules)))"
    assert forkserver().run(["-c", code], tmp_path, ENV).stdout == "True []\n"


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_the_server_has_one_thread_since_a_fork_takes_no_other_along(tmp_path):
    forkserver().run(["-c", ""], tmp_path, ENV)
    threads = Path(f"/proc/{forkserver().pid}/task")
    assert len(list(threads.iterdir())) == 1


def test_what_was_forked_ends_with_the_tests_that_asked_for_it(tmp_path):
    code = """
        import os, pathlib, sys, time
        from tests.forked import Server
        server = Server([])
        forked = server.start(["-c", "import time; time.sleep(60)"], pathlib.Path.cwd(), {}, 1, 2)
        print(forked.pid, server.pid, flush=True)
        os._exit(0)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    left, end = {int(number) for number in done.stdout.split()}, time.monotonic() + 20
    while left and time.monotonic() < end:
        time.sleep(0.02)
        left = {number for number in left if is_there(number)}
    assert left == set()


def is_there(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
