"""Where training runs: today this process, on its CPU or its CUDA device.

The loop is handed over as a plain function, so that another engine can carry it elsewhere.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from colonnade.errors import ParameterError
from colonnade.training.engine.cores import available_cores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import torch

    from colonnade.training.training_params import TrainingParams

# Multiply-adds of one forward step under which a second thread costs more than it brings.
_SMALL_STEP = 60_000_000

Job = TypeVar("Job")
Result = TypeVar("Result")


def choose_threads(params: TrainingParams, multiply_adds: int, batch_size: int) -> int:
    """Give the thread count: the one asked for, or one for small steps and all cores for large.

    On a busy machine two threads lose tenfold on small products: they wait for each other.
    """
    if params.threads != "auto":
        return params.threads
    # Members multiply one after another: together they make no product larger.
    small = multiply_adds * batch_size < _SMALL_STEP
    return 1 if small else available_cores()


def choose_device(params: TrainingParams) -> torch.device:
    """Give the device: the one asked for, or CUDA where there is one.

    Raises: ParameterError if the one asked for is not there.
    """
    import torch

    found = torch.cuda.is_available()
    if params.device == "auto":
        return torch.device("cuda" if found else "cpu")
    if params.device.startswith("cuda") and not found:
        raise ParameterError(
            f"training.device is `{params.device}`, but torch finds no CUDA device: "
            "use `auto` or `cpu`."
        )
    return torch.device(params.device)


class _ThreadCount:
    """Torch's thread count belongs to the process: the last to leave gives the old number back."""

    def __init__(self) -> None:
        self.lock, self.users, self.before = Lock(), 0, 1

    def enter(self, threads: int) -> None:
        import torch

        with self.lock:
            if self.users == 0:
                self.before = torch.get_num_threads()
            self.users += 1
            torch.set_num_threads(threads)

    def leave(self) -> None:
        import torch

        with self.lock:
            self.users -= 1
            if self.users == 0:
                torch.set_num_threads(self.before)


_THREADS = _ThreadCount()


@contextmanager
def thread_count(threads: int) -> Iterator[None]:
    """Hold torch to so many threads; trainings side by side do not widen each other's number."""
    _THREADS.enter(threads)
    try:
        yield
    finally:
        _THREADS.leave()


def run_side_by_side(
    run: Callable[[Job], Result], jobs: Sequence[Job], workers: int
) -> list[Result]:
    """Run jobs on so many Python threads, each with one torch thread; results keep the order.

    Torch lets go of Python's lock inside its kernels, so programs of many members overlap.
    """
    with thread_count(1):
        if workers == 1 or len(jobs) == 1:
            return [run(job) for job in jobs]
        with ThreadPoolExecutor(workers) as pool:
            return list(pool.map(run, jobs))
