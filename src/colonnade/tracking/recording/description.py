"""The description on a run's MLflow page: its metrics, its data, its command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.tracking.comparison.ranking import headline

if TYPE_CHECKING:
    from collections.abc import Mapping


def describe(opening: Mapping[str, Any], metrics: Mapping[str, float], data: str) -> str:
    """Write the headline metrics beside the baselines, the data and the command, in Markdown."""
    lines = []
    names = [name.removeprefix("test/") for name in headline(metrics)]
    if names:
        lines += [_row("", names), "|---|" + "---|" * len(names)]
        for title, prefix in [("test", "test"), *_others(metrics)]:
            cells = [_cell(metrics.get(f"{prefix}/{name}")) for name in names]
            lines.append(_row(title, cells))
        lines.append("")
    if data:
        lines += [f"Data: {data}", ""]
    lines.append(f"Command: `{opening['command']}`")
    return "\n".join(lines)


def _row(title: str, cells: list[str]) -> str:
    # MLflow's page sets no space between columns
    return f"| {'&emsp;| '.join([title, *cells])} |"


def _others(metrics: Mapping[str, float]) -> list[tuple[str, str]]:
    found = ["validation"] if any(key.startswith("validation/") for key in metrics) else []
    found += sorted({key.rpartition("/")[0] for key in metrics if key.startswith("baseline/")})
    return [(prefix.replace("/", " "), prefix) for prefix in found]


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
