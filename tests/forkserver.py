"""The server behind `tests.forked`: it imports modules, then becomes every process it is asked for.

Use: python forkserver.py NUMBER-OF-A-SOCKET MODULE...
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn


def serve(calls: socket.socket) -> list[str]:
    """Fork a process for each call; return in each of them, with the words that it is to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the watchers
    while files := socket.recv_fds(calls, 1, 3)[1]:
        if os.fork() == 0:
            calls.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            return become(socket.socket(fileno=files[0]), *files[1:])
        for file in files:
            os.close(file)
    os._exit(0)


def become(door: socket.socket, out: int, err: int) -> list[str]:
    """Be the process that was asked for, and tell its number; a watcher will tell its end."""
    with door.makefile() as question:
        asked = json.loads(question.readline())
    life, held = os.pipe()
    child = os.fork()
    if child:
        for file in (held, out, err, 1, 2):
            os.close(file)
        watch(child, life, door)
    os.close(life)
    os.setsid()
    for file, place in ((out, 1), (err, 2)):
        os.dup2(file, place)
        os.close(file)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"])
    with door:
        door.sendall(f"began {os.getpid()}\n".encode())
    return asked["words"]


def watch(child: int, life: int, door: socket.socket) -> NoReturn:
    """Report a process's exit code; kill it if nobody is there any more to read it.

    Its end of the pipe `life` closes when it ends.
    """
    if door in select.select([life, door], [], [])[0]:
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    door.sendall(f"ended {code}\n".encode())
    os._exit(0)


def become_python(kind: str, what: str, *rest: str) -> None:
    """Do what `python -u -m what rest` does, or `python -u -c what rest`."""
    sys.path[0] = str(Path.cwd()) if kind == "-m" else ""
    sys.argv = [what if kind == "-m" else kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})


if __name__ == "__main__":
    file, *modules = sys.argv[1:]
    for module in modules:
        importlib.import_module(module)
    become_python(*serve(socket.socket(fileno=int(file))))
