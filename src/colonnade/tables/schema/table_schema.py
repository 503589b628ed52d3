"""What the columns of a table mean, as its YAML says."""

from __future__ import annotations

import math
import re
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, PositiveInt, model_validator

from colonnade.errors import ParameterError
from colonnade.messages.printed import Facts, Printed, some_of
from colonnade.parameters import Params
from colonnade.tables.schema.dates import has_short_years

Task = Literal["classification", "ordinal", "regression", "anomaly"]
FeatureKind = Literal["numeric", "boolean", "categorical", "ordered", "datetime"]
Kind = Literal[FeatureKind, "weight", "identifier", "ignored"]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]
Missing = Literal["error", "mean", "median", "constant", "category"]

MISSING_WORDS = ("", "na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nat")
"""Cells that mean "no value", compared without regard to case."""

NO_FEATURES: tuple[Kind, ...] = ("weight", "identifier", "ignored")
"""Kinds of columns that the model never sees."""

_POLICIES: dict[Kind, tuple[Missing, ...]] = {
    "numeric": ("error", "mean", "median", "constant"),
    "boolean": ("error", "mean", "median", "constant"),
    "datetime": ("error", "mean", "median", "constant"),
    "ordered": ("error", "median", "constant"),
    "categorical": ("error", "constant", "category"),
    "weight": ("error",),
}


_DIGITS = re.compile(r"(\d+)")


def _no_truth_values(value: object) -> object:
    """YAML reads a bare `yes` or `no` as true or false: a label of that name needs quotes."""
    if isinstance(value, bool):
        word = "yes" if value else "no"
        raise ValueError(f"{value} is a boolean: write the word in quotes, such as '{word}'")
    return value


Label = Annotated[int | str, BeforeValidator(_no_truth_values)]
"""A class label, or a value of a categorical column: a whole number or text."""


def spelled(value: Label, case: str | None) -> str:
    """The value as it is compared with others."""
    return str(value).lower() if case == "fold" else str(value)


class ColumnParams(Params):
    """What one column means and which values it may hold."""

    kind: Kind = "numeric"
    minimum: float | None = None
    maximum: float | None = None
    values: list[Label] | None = Field(None, min_length=1)
    """The values allowed; for an ordered column, from lowest to highest."""
    missing: Missing = "error"
    """What stands for a missing value; means and medians come from the train rows."""
    fill: float | str | None = None
    """The value that `missing: constant` puts in."""
    indicator: bool = True
    """Whether the model gets a column that marks the missing values that were filled."""
    latest_year: int | None = None
    """Of years written with two digits: the last that they may mean; they begin 99 years before."""
    unique: bool = False
    feature: bool = True
    """False: the column is checked and kept for splitting, but the model does not see it."""
    missing_words: list[str] = Field(default_factory=list)
    """Words that stand for no value in this column, beside those of the whole table."""
    decimal: Decimal | None = None
    """The mark before the decimals of numbers written as text; else that of the whole table."""
    thousands: Thousands | None = None
    """The mark between groups of three digits, such as the comma of `1,234`."""
    unit: str | None = Field(None, min_length=1)
    """What stands before or after every number, such as `%` or `kg`; kept for display."""
    case: Literal["fold"] | None = None
    """`fold`: `Gold` and `gold` are one value, written as in `values`, else in small letters."""
    format: str | None = None
    """How a datetime is written, such as `%d/%m/%Y`; else found from the values, unless one of them
    alone could be read in two ways."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.kind in ("identifier", "ignored"):
            return self  # nothing is learned from it: words for another kind may stay
        if self.missing not in _POLICIES[self.kind]:
            allowed = ", ".join(_POLICIES[self.kind])
            raise ValueError(
                f"`missing: {self.missing}` does not go with `kind: {self.kind}`: "
                f"use one of {allowed}"
            )
        if (self.missing == "constant") != (self.fill is not None):
            raise ValueError("`fill` and `missing: constant` go together: give both or neither")
        if self.kind == "ordered" and not self.values:
            raise ValueError("`kind: ordered` needs `values`, from lowest to highest")
        if self.values and self.kind not in ("categorical", "ordered"):
            raise ValueError(f"`values` does not go with `kind: {self.kind}`")
        if self.values and len({spelled(v, self.case) for v in self.values}) < len(self.values):
            raise ValueError("`values` names one value twice")
        self._check_bounds()
        self._check_number_format()
        return self

    def _check_number_format(self) -> None:
        if self.case and self.kind not in ("categorical", "ordered"):
            raise ValueError(f"`case` does not go with `kind: {self.kind}`")
        if (self.decimal or self.thousands or self.unit) and self.kind not in ("numeric", "weight"):
            raise ValueError(
                f"`decimal`, `thousands` and `unit` do not go with `kind: {self.kind}`"
            )
        if self.latest_year is not None and not has_short_years(self.format):
            raise ValueError("`latest_year` needs a `format` with years of two digits (%y)")
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("`thousands` and `decimal` are one mark: give two different ones")

    def _check_bounds(self) -> None:
        bounded = self.minimum is not None or self.maximum is not None
        if bounded and self.kind != "numeric":
            raise ValueError(f"`minimum` and `maximum` do not go with `kind: {self.kind}`")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"`minimum` {self.minimum:g} is above `maximum` {self.maximum:g}")

    @property
    def is_feature(self) -> bool:
        """Whether the model sees this column."""
        return self.feature and self.kind not in NO_FEATURES


def _sides(value: object) -> object:
    """Read `8x8` as `[8, 8]`: Kedro's --params cuts lists at their commas."""
    return tuple(value.split("x")) if isinstance(value, str) else value


class ImageParams(Params):
    """Which columns are the pixels of one picture, row after row, and how large it is.

    >>> image = ImageParams.model_validate({"columns": "pixel_*", "shape": "2x2"})
    >>> image.pixels(["pixel_10", "pixel_0", "age", "pixel_1", "pixel_2"])
    ['pixel_0', 'pixel_1', 'pixel_2', 'pixel_10']
    """

    columns: str = Field("pixel_*", min_length=1)
    """A pattern of their names, whose numbers put them in order, row after row."""
    shape: Annotated[
        tuple[PositiveInt, ...], BeforeValidator(_sides), Field(min_length=2, max_length=3)
    ]
    """Height and width, or channels before them: `8x8` is the same as `[8, 8]`."""

    def pixels(self, names: list[str]) -> list[str]:
        """Those of the names that are pixels, in the order of the numbers in them.

        Raises: ParameterError if there are not as many as the shape holds.
        """
        found = [name for name in names if fnmatchcase(name, self.columns)]
        if len(found) != math.prod(self.shape):
            raise ParameterError(
                f"`schema.image`: {len(found)} columns that the model reads are named like "
                f"'{self.columns}', but shape {[*self.shape]} has {math.prod(self.shape)} pixels. "
                "Correct `columns` or `shape`."
            )
        return sorted(
            found, key=lambda name: [int(p) if p.isdecimal() else p for p in _DIGITS.split(name)]
        )


class SchemaParams(Printed, Params):
    """What a table's columns mean and which one is to be predicted.

    >>> words = {"target": "price", "task": "regression", "columns": {"ram": {"minimum": 0}}}
    >>> schema = SchemaParams.model_validate(words)
    >>> schema.column("ram").minimum, schema.column("not named above").kind
    (0.0, 'numeric')
    """

    target: str = ""
    task: Task
    columns: dict[str, ColumnParams] = Field(default_factory=dict)
    others: Literal["numeric", "ignored", "error"] = "numeric"
    """What becomes of columns that `columns` does not name."""
    classes: list[Label] | None = Field(None, min_length=2)
    """The labels, in the order of their codes; else those found, sorted."""
    missing_words: list[str] = Field(default_factory=lambda: list(MISSING_WORDS))
    """Words that stand for no value, in any column but the target."""
    unlabelled_words: list[str] = Field(default_factory=list)
    """Words that stand for no label, beside the usual ones; no word of `classes` does."""
    decimal: Decimal = "."
    """The mark before the decimals of numbers written as text."""
    thousands: Thousands | None = None
    """The mark between groups of three digits of a number to be predicted."""
    unit: str | None = Field(None, min_length=1)
    """What stands before or after a number to be predicted, such as `$`; kept for display."""
    unlabelled: Literal["error", "drop"] = "error"
    """What becomes of rows whose target has no value."""
    rare_classes: Literal["train", "drop", "error"] = "train"
    """What becomes of rows whose class has fewer rows than there are parts, so that not each part
    has one: train, where no other row tells how well they are predicted; drop leaves out classes
    with fewer than three rows."""
    case: Literal["fold"] | None = None
    """`fold`: labels that differ in capital letters alone are one."""
    minimum: float | None = None
    """The least value that a number to be predicted may have."""
    maximum: float | None = None
    label: str | None = None
    odd: list[Label] = Field(default_factory=list)
    """Of `anomaly`: the values of column `label` that are odd, for evaluation alone."""
    learn_from: Literal["all", "normal"] = "all"
    """Of `anomaly`: normal: every row labeled odd is a test row."""
    odd_share: float = Field(0.05, gt=0, lt=1)
    """Of `anomaly`: the share of rows like those learned from that is flagged."""
    image: ImageParams | None = None
    """Which columns are the pixels of one picture, for `model.kind: cnn` to look at."""

    def printed(self) -> tuple[str, Facts]:
        """The target, and what the columns mean that YAML names, by kind."""
        kinds: dict[str, list[str]] = {}
        for name, column in self.columns.items():
            kinds.setdefault(column.kind if column.feature else "ignored", []).append(name)
        classes = f", classes {some_of(self.classes)}" if self.classes else ""
        return "Schema", [
            ("target", f"{self.target} ({self.task}{classes})"),
            *((kind, f"{len(names)}: {some_of(names)}") for kind, names in kinds.items()),
            ("others", self.others),
        ]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if (self.task == "anomaly") == bool(self.target):
            raise ValueError("give a `target`, or `task: anomaly`, which has none")
        if bool(self.label) != bool(self.odd) or (self.label and self.target):
            raise ValueError("`label` and `odd` go together, with `task: anomaly`")
        if self.target in self.columns:
            raise ValueError(f"`columns` names the target '{self.target}': leave it out")
        if self.classes and self.task == "regression":
            raise ValueError("`classes` does not go with `task: regression`")
        if self.classes and len({type(c) for c in self.classes}) > 1:
            raise ValueError("`classes` mixes whole numbers and words: put all of them in quotes")
        if self.classes and len({spelled(c, self.case) for c in self.classes}) < len(self.classes):
            raise ValueError("`classes` names one label twice")
        if self.thousands == self.decimal:
            raise ValueError("`thousands` and `decimal` are one mark: give two different ones")
        weights = [name for name, column in self.columns.items() if column.kind == "weight"]
        if len(weights) > 1:
            names = " and ".join(map(repr, weights))
            raise ValueError(f"`columns` names {names} as `kind: weight`: a row has one weight")
        return self

    def column(self, name: str) -> ColumnParams:
        """What the column `name` means, named in the YAML or not."""
        if name in self.columns:
            return self.columns[name]
        if name == self.label:
            return ColumnParams(kind="categorical", feature=False)
        return ColumnParams(kind="ignored" if self.others == "ignored" else "numeric")

    def is_odd(self, cells: Any) -> Any:
        """Whether the label of each row is one of those that are odd."""
        return cells.astype("str").isin([str(value) for value in self.odd]).to_numpy()

    def is_pixel(self, name: str) -> bool:
        """Whether the column is a pixel, which may be white in every picture."""
        return self.image is not None and fnmatchcase(name, self.image.columns)

    @property
    def weight(self) -> str | None:
        """Name of the column that says how much each row counts, if there is one."""
        weights = (name for name, column in self.columns.items() if column.kind == "weight")
        return next(weights, None)

    def target_column(self) -> ColumnParams:
        """What a number to be predicted may be, and how it is written."""
        words = ("minimum", "maximum", "decimal", "thousands", "unit")
        return ColumnParams.model_validate({word: getattr(self, word) for word in words})

    def unlabelled_cells(self) -> list[str]:
        """The words that mean "no label": the usual ones that are no class, and those given.

        >>> words = {"target": "y", "task": "classification", "classes": ["None", "Light"]}
        >>> "none" in SchemaParams.model_validate(words).unlabelled_cells()
        False
        """
        usual = {word.lower() for word in self.missing_words} & set(MISSING_WORDS)
        classes = {str(label).strip().lower() for label in self.classes or []}
        return sorted((usual | set(self.unlabelled_words)) - classes)
