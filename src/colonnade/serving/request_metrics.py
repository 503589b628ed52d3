"""Counts and times of requests, in the text format that Prometheus reads."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from threading import Lock

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds."""


class RequestMetrics:
    """Counts what was asked and answered since the server began."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._in_bounds = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self.in_flight = 0
        self.n_rows = 0
        self.n_outside = 0

    def began(self) -> None:
        """Count a request under way."""
        with self._lock:
            self.in_flight += 1

    def ended(self, route: str, code: int, seconds: float) -> None:
        """Count it as answered."""
        with self._lock:
            self.in_flight -= 1
            self._requests[route, code] += 1
            self._seconds += seconds
            self._in_bounds[bisect_left(BOUNDS, seconds)] += 1

    def predicted(self, n_rows: int, n_outside: int) -> None:
        """Count rows, and those unlike the train rows."""
        with self._lock:
            self.n_rows += n_rows
            self.n_outside += n_outside

    def text(self, model: dict[str, str], n_changes: int) -> str:
        """All of it, as Prometheus reads it."""
        with self._lock:
            lines = [*_head("requests_total", "counter", "Requests answered, by path and code.")]
            for (route, code), n in sorted(self._requests.items()):
                lines.append(f'colonnade_requests_total{{path="{route}",code="{code}"}} {n}')
            lines += _head("request_seconds", "histogram", "Time from request to answer.")
            total = 0
            for bound, n in zip((*BOUNDS, "+Inf"), self._in_bounds, strict=True):
                total += n
                lines.append(f'colonnade_request_seconds_bucket{{le="{bound}"}} {total}')
            lines.append(f"colonnade_request_seconds_sum {self._seconds:.6f}")
            lines.append(f"colonnade_request_seconds_count {total}")
            numbers = (
                ("requests_in_flight", "gauge", "Requests under way.", self.in_flight),
                ("rows_total", "counter", "Rows predicted.", self.n_rows),
                ("outside_rows_total", "counter", "Rows unlike the train rows.", self.n_outside),
                ("model_changes_total", "counter", "Times another model took over.", n_changes),
            )
        for name, kind, words, number in numbers:
            lines += [*_head(name, kind, words), f"colonnade_{name} {number}"]
        lines += _head("model_info", "gauge", "The model that answers.")
        labels = ",".join(f'{key}="{_escaped(value)}"' for key, value in model.items())
        return "\n".join([*lines, f"colonnade_model_info{{{labels}}} 1", ""])


def _head(name: str, kind: str, words: str) -> list[str]:
    return [f"# HELP colonnade_{name} {words}", f"# TYPE colonnade_{name} {kind}"]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
