"""Small tables as people keep them, made from a seed: every kind of column, gap, size and dialect.

A kind is a function from a generator and a number of rows to that many cells as they are written.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

Cells = list[str]
Kind = Callable[[np.random.Generator, int], Cells]

WORDS = ["oak", "elm", "ash", "fir", "birch", "yew", "lime", "beech", "larch", "pine", "松", "é à"]
TRUTHS = [
    ("yes", "no"),
    ("Yes", "No"),
    ("0", "1"),
    ("true", "false"),
    ("TRUE", "FALSE"),
    ("y", "n"),
]


@dataclass(frozen=True)
class RandomTable:
    """A table's file, and what it was made of, for the message of a test that fails."""

    data: bytes
    target: str
    options: dict[str, Any]
    """What the user says of the target."""
    made_of: str


def whole(low: int, high: int, rng: np.random.Generator, n_rows: int) -> Cells:
    return [str(number) for number in rng.integers(low, high, n_rows)]


def decimals(mark: str, rng: np.random.Generator, n_rows: int) -> Cells:
    scale = 10.0 ** rng.integers(-3, 6)
    return [f"{number:.3f}".replace(".", mark) for number in rng.normal(0, scale, n_rows)]


def amounts(before: str, after: str, style: str, rng: np.random.Generator, n_rows: int) -> Cells:
    shown = [f"{number:,.2f}" for number in np.exp(rng.normal(7, 2, n_rows))]
    if style == "whole":
        shown = [text.partition(".")[0] for text in shown]
    if style == "european":
        shown = [text.translate(str.maketrans(",.", ".,")) for text in shown]
    return [f"{before}{text}{after}" for text in shown]


def words(n_words: int, rng: np.random.Generator, n_rows: int) -> Cells:
    known = [f"{WORDS[n % len(WORDS)]}{n // len(WORDS) or ''}" for n in range(n_words)]
    return [known[place] for place in rng.integers(0, n_words, n_rows)]


def truths(rng: np.random.Generator, n_rows: int) -> Cells:
    pair = TRUTHS[rng.integers(len(TRUTHS))]
    return [pair[place] for place in rng.integers(0, 2, n_rows)]


def codes(n_codes: int, rng: np.random.Generator, n_rows: int) -> Cells:
    return [f"{number:05d}" for number in rng.integers(1, n_codes + 1, n_rows)]


def moments(format: str, rng: np.random.Generator, n_rows: int) -> Cells:
    days = np.datetime64("1990-01-01T00:00") + rng.integers(0, 15_000_000, n_rows)
    return [moment.strftime(format) for moment in days.astype(object)]


def running(rng: np.random.Generator, n_rows: int) -> Cells:
    return [str(number) for number in range(1, n_rows + 1)]


def names(rng: np.random.Generator, n_rows: int) -> Cells:
    return [f"u{number:08x}" for number in rng.integers(0, 2**32, n_rows)]


def constant(rng: np.random.Generator, n_rows: int) -> Cells:
    return ["7" if rng.random() < 0.5 else "seven"] * n_rows


def spotted(kind: Kind, spots: list[str], rng: np.random.Generator, n_rows: int) -> Cells:
    """Cells of a kind with some of another among them."""
    cells = kind(rng, n_rows)
    for place in rng.integers(0, n_rows, rng.integers(1, 1 + max(1, n_rows // 10))):
        cells[place] = spots[rng.integers(len(spots))]
    return cells


def one_odd(kind: Kind, odd: str, rng: np.random.Generator, n_rows: int) -> Cells:
    """Cells of a kind with one odd one among them."""
    cells = kind(rng, n_rows)
    cells[rng.integers(n_rows)] = odd
    return cells


KINDS: dict[str, Kind] = {
    "few whole numbers": partial(whole, 0, 4),
    "whole numbers": partial(whole, -500, 500),
    "negative and zero": partial(whole, -3, 1),
    "numbers beyond 2^53": partial(whole, 2**53, 2**62),
    "numbers beyond 2^64": lambda rng, n: [f"{2**70}{d}" for d in whole(0, 9, rng, n)],
    "decimals": partial(decimals, "."),
    "decimals with a comma": partial(decimals, ","),
    "dollars": partial(amounts, "$", "", "plain"),
    "whole dollars": partial(amounts, "$", "", "whole"),
    "euros": partial(amounts, "", " €", "european"),
    "thousands": partial(amounts, "", "", "whole"),
    "percent": lambda rng, n: [f"{number}%" for number in whole(0, 100, rng, n)],
    "kilograms": lambda rng, n: [f"{number} kg" for number in whole(1, 90, rng, n)],
    "truth values": truths,
    "two words": partial(words, 2),
    "five words": partial(words, 5),
    "many words": partial(words, 80),
    "names of rows": names,
    "running number": running,
    "few codes": partial(codes, 4),
    "many codes": partial(codes, 99_999),
    "dates": partial(moments, "%Y-%m-%d"),
    "dates with a dot": partial(moments, "%d.%m.%Y"),
    "dates with a slash": partial(moments, "%m/%d/%Y"),
    "compact dates": partial(moments, "%d%m%Y"),
    "times": partial(moments, "%H:%M"),
    "moments": partial(moments, "%Y-%m-%dT%H:%M:%SZ"),
    "constant": constant,
    "words among numbers": partial(spotted, partial(whole, 0, 90), ["oak", "elm"]),
    "numbers among words": partial(spotted, partial(words, 4), ["3", "17"]),
    "one word among numbers": partial(one_odd, partial(whole, 0, 90), "4O"),
    "one fraction among whole numbers": partial(one_odd, partial(whole, 0, 5), "3.5"),
    "question marks": partial(spotted, partial(whole, 0, 90), ["?"]),
    "infinite": partial(one_odd, partial(decimals, "."), "inf"),
    "one word spelled twice": partial(spotted, partial(words, 2), ["Oak", "OAK ", "elm "]),
    "signs": lambda rng, n: [("+1", "-1")[place] for place in rng.integers(0, 2, n)],
    "line breaks": partial(spotted, partial(words, 2), ["oak\n", "oak\nelm"]),
    "None as a word": partial(spotted, partial(words, 2), ["None"]),
    "a rare word": partial(one_odd, partial(words, 2), "rare"),
    "a rare number": partial(one_odd, partial(whole, 0, 2), "9"),
    "skewed": lambda rng, n: [f"{number:.2f}" for number in np.exp(rng.normal(0, 4, n))],
}
PREDICTABLE = (
    *("few whole numbers", "decimals", "decimals with a comma", "dollars", "percent", "kilograms"),
    *("truth values", "two words", "five words", "few codes", "one fraction among whole numbers"),
    *("one word spelled twice", "signs", "line breaks", "a rare word", "skewed"),
)
"""Kinds that make a target."""
GAPS = {"none": 0.0, "first": 0.0, "some": 0.1, "half": 0.5, "most": 0.95, "all": 1.0}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"ordered": True},
    {"task": "classification"},
    {"task": "regression"},
]
SIZES = (1, 3, 8, 10, 12, 20, 33, 60, 120, 240)
MISSING = ["", "NA", "null", "?"]


def random_table(seed: int) -> RandomTable:
    """The table of a seed."""
    rng = np.random.default_rng(seed)
    n_rows = int(rng.choice(SIZES, p=[0.02, 0.02, 0.04, *[0.92 / 7] * 7]))
    columns, made_of = {}, [f"seed {seed}, {n_rows} rows"]
    for place in range(int(rng.integers(2, 6))):
        name = "y" if place == 0 else f"x{place}"
        kinds = PREDICTABLE if place == 0 and rng.random() < 0.6 else tuple(KINDS)
        kind = kinds[int(rng.integers(len(kinds)))]
        shares = [0.5, 0.1, 0.2, 0.1, 0.07, 0.03] if place else [0.7, 0.1, 0.1, 0.06, 0.03, 0.01]
        gaps = str(rng.choice(list(GAPS), p=shares))
        columns[name] = with_gaps(KINDS[kind](rng, n_rows), gaps, rng)
        made_of.append(f"{name}: {kind}, gaps: {gaps}")
    order = list(rng.permutation(list(columns)))
    dialect = {
        "delimiter": str(rng.choice([",", ";", "\t", "|"])),
        "lineterminator": str(rng.choice(["\n", "\r\n"])),
        "quoting": [csv.QUOTE_MINIMAL, csv.QUOTE_ALL][int(rng.integers(2))],
    }
    encoding = str(rng.choice(["utf-8", "utf-8-sig", "utf-16"], p=[0.7, 0.2, 0.1]))
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, **dialect)
    writer.writerow(order)
    writer.writerows(zip(*(columns[name] for name in order), strict=True))
    options = OPTIONS[int(rng.choice(len(OPTIONS), p=[0.7, 0.15, 0.1, 0.05]))]
    description = "\n  ".join([*made_of, f"{encoding}, {dialect}, {options}"])
    return RandomTable(stream.getvalue().encode(encoding), "y", options, description)


def with_gaps(cells: Cells, gaps: str, rng: np.random.Generator) -> Cells:
    """Cells, some of them written as missing."""
    missing = rng.random(len(cells)) < GAPS[gaps]
    if gaps == "first":
        missing[0] = True
    word = MISSING[int(rng.integers(len(MISSING)))]
    return [word if gone else cell for cell, gone in zip(cells, missing, strict=True)]
