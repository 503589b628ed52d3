"""All metrics of one model, grouped by what they were measured on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Self

from colonnade.messages.printed import Facts, Printed

Values = Mapping[str, float]
_NONE: Values = MappingProxyType({})
_BASELINE = "baseline"


@dataclass(frozen=True, repr=False)
class Metrics(Printed):
    """Metrics by group and name, such as `metrics["test"]["accuracy"]`; a group may be empty.

    Groups are the parts `train`, `validation` and `test`, `baseline/<name>` for each simple model
    on test rows, `gain` (the model minus the best of these), `cv` (over folds), and for a fitted
    line `line`, `least_squares` and `true`. An interval's ends stand beside their metric as
    `<name>_low` and `<name>_high`.

    >>> metrics = Metrics.from_flat({"test/accuracy": 0.9, "baseline/linear/accuracy": 0.8})
    >>> metrics["test"]["accuracy"], metrics.baselines["linear"], metrics["gain"].get("accuracy")
    (0.9, {'accuracy': 0.8}, None)
    """

    groups: Mapping[str, Values] = field(default_factory=dict)

    def printed(self) -> tuple[str, Facts]:
        """A line a group, without the ends of intervals."""
        return "Metrics", [(group, _spelled(self[group])) for group in self]

    @classmethod
    def from_flat(cls, flat: Values) -> Self:
        """Group what `flat` gave: the names in `metrics.json` and in MLflow."""
        groups: dict[str, dict[str, float]] = {}
        for key, value in flat.items():
            group, _, name = key.partition("/")
            if group == _BASELINE:
                baseline, _, name = name.partition("/")
                group = f"{_BASELINE}/{baseline}"
            groups.setdefault(group, {})[name] = value
        return cls(groups)

    def flat(self) -> dict[str, float]:
        """The metrics as files and MLflow name them: `test/accuracy`."""
        return {
            f"{group}/{name}": value
            for group, values in self.groups.items()
            for name, value in values.items()
        }

    def __getitem__(self, group: str) -> Values:
        return self.groups.get(group, _NONE)

    def __iter__(self) -> Iterator[str]:
        """The groups that hold a metric."""
        return (group for group, values in self.groups.items() if values)

    def __or__(self, more: Mapping[str, Values]) -> Self:
        """These metrics and more; of a group that stands in both, the names of both."""
        groups = {group: {**self[group], **values} for group, values in more.items()}
        return type(self)({**self.groups, **groups})

    @property
    def baselines(self) -> dict[str, Values]:
        """The metrics of each simple model, by its name."""
        prefix = f"{_BASELINE}/"
        return {name.removeprefix(prefix): self[name] for name in self if name.startswith(prefix)}

    def interval(self, group: str, name: str) -> tuple[float, float] | None:
        """The ends of a metric's interval, if it has one."""
        values = self[group]
        low, high = values.get(f"{name}_low"), values.get(f"{name}_high")
        return None if low is None or high is None else (low, high)


def _spelled(values: Values) -> str:
    """The metrics of a group as `accuracy 0.912 (0.875 to 0.944)`."""
    return ", ".join(
        f"{name} {value:.4g}" + _between(values, name)
        for name, value in values.items()
        if not name.endswith(("_low", "_high"))
    )


def _between(values: Values, name: str) -> str:
    low, high = values.get(f"{name}_low"), values.get(f"{name}_high")
    return "" if low is None or high is None else f" ({low:.4g} to {high:.4g})"
