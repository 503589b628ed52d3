"""How a training run's progress is shown: a bar on a terminal, about ten plain lines in a log."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

_LINES = 10

Report = Callable[[int, int, float, float], None]


@contextmanager
def training_progress(
    name: str, stream: IO[str] | None = None, write: Callable[[str], object] | None = None
) -> Iterator[Report]:
    """Give a function to call after each epoch: (epoch, epochs, train_loss, validation_loss).

    On a terminal it draws a bar with epoch, loss and time left. Elsewhere it writes lines, to
    `write` (a logger's method) or to the stream.
    """
    stream = stream or sys.stderr
    if not stream.isatty():
        yield _lines(name, write or (lambda line: print(line, file=stream, flush=True)))
        return
    from tqdm import tqdm

    with tqdm(
        desc=name, unit="epoch", file=stream, leave=True, dynamic_ncols=True, mininterval=0.1
    ) as bar:

        def report(epoch: int, epochs: int, train_loss: float, validation_loss: float) -> None:
            if epoch <= bar.n:
                bar.reset()
            bar.total = epochs
            bar.set_postfix_str(_losses(train_loss, validation_loss), refresh=False)
            bar.update(epoch - bar.n)

        yield report


def _lines(name: str, write: Callable[[str], object]) -> Report:
    started = time.perf_counter()

    def report(epoch: int, epochs: int, train_loss: float, validation_loss: float) -> None:
        shown = epoch * _LINES // epochs > (epoch - 1) * _LINES // epochs
        if not (shown or epoch == 1):
            return
        passed = time.perf_counter() - started
        losses = _losses(train_loss, validation_loss)
        write(f"{name}: epoch {epoch}/{epochs}, {losses}, {passed:.1f} s")

    return report


def _losses(train_loss: float, validation_loss: float) -> str:
    text = f"loss {train_loss:.4g}"
    if not math.isnan(validation_loss):
        text += f", validation {validation_loss:.4g}"
    return text
