"""What a run is called and how its MLflow page describes it: verdict, metrics, data, command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from colonnade.evaluation.metrics.formatting import plain_digits
from colonnade.tracking.comparison.ranking import headline

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICTS = {"yes": "better", "no": "worse", "level": "equal", "unclear": "unclear"}
"""What a run says of the model, compared with the best simple one on the same rows."""
ABOUT_RUNS = (
    "A run's name: its test metric, the model against the best simple one (better, worse, equal; "
    "unclear: too few rows to say), and what is special. Best first: `kedro compare {}`"
)


def judged_name(name: str, metrics: Mapping[str, float], verdict: str) -> str:
    """Put metric and verdict first: MLflow's table of runs shows no other, and cuts long names.

    >>> judged_name("lr=0.1 ordinal adam", {"test/accuracy": 0.9675}, "yes")
    '0.968 better lr=0.1 ordinal adam'
    """
    names = headline(metrics)
    if not names:
        return name
    word = f" {VERDICTS[verdict]}" if verdict in VERDICTS else ""
    value = metrics[names[0]]
    # three decimals: the column has room for some 22 letters
    shown = f"{value:.3f}" if 0.1 <= abs(value) < 100 else plain_digits(value, 3)
    return f"{shown}{word} {name}"


def verdict_text(word: str, text: str) -> str:
    """The verdict as a tag: `Better: test accuracy 0.97 ...`."""
    return f"{VERDICTS.get(word, 'not compared').capitalize()}: {text}"


def describe(
    opening: Mapping[str, Any], metrics: Mapping[str, float], data: str, verdict: str = ""
) -> str:
    """Write in Markdown: the verdict, headline metrics beside the baselines, data, command."""
    lines = [verdict, ""] if verdict else []
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
