"""How every figure looks: ink, colors for the color-blind, and names that stay text."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.evaluation.figures.fonts import LATIN, WIDE, fallback_fonts
from colonnade.evaluation.metrics.formatting import part_name
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The report turns these into its own colors, so that a figure suits light and dark alike: they
# occur nowhere else in a figure.
INK, MUTED, RULE, PAPER = "#1f2328", "#59636e", "#d1d9e0", "#fffffe"

# Source: Okabe and Ito 2008, Color Universal Design; without black and yellow, which vanish on
# dark and light paper.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE = PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#56B4E9",
    "#CC79A7",
)

LONGEST_NAME = 24
WIDTH = 8.0


@dataclass(frozen=True)
class Margins:
    """Inches kept free around and between axes for labels.

    Fixed, because matplotlib's constrained layout draws every text twice: half of a report's time.
    """

    left: float = 0.75
    right: float = 0.15
    bottom: float = 0.55
    top: float = 0.45
    between_columns: float = 0.75
    between_rows: float = 0.65


def new_figure(
    title: str,
    *,
    columns: int = 1,
    rows: int = 1,
    height: float = 4.2,
    margins: Margins = Margins(),
    **options: Any,
) -> tuple[Figure, list[Axes]]:
    """A figure 800 pixels wide, with no tie to pyplot, and its axes row by row.

    Args: options: of `Figure.subplots`, such as `sharex` or `height_ratios`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), dpi=100, facecolor=PAPER)
    FigureCanvasAgg(figure)
    wide = WIDTH - margins.left - margins.right
    high = height - margins.bottom - margins.top
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    figure.subplots_adjust(
        left=margins.left / WIDTH,
        right=1 - margins.right / WIDTH,
        bottom=margins.bottom / height,
        top=1 - margins.top / height,
        wspace=_share(wide, columns, margins.between_columns),
        hspace=_share(high, rows, margins.between_rows),
    )
    axes: list[Axes] = list(grid.flat)
    for ax in axes:
        _calm(ax)
    figure.text(
        0.08 / WIDTH, 1 - 0.1 / height, title, ha="left", va="top", fontsize=11,
        fontweight="bold", color=INK,
    )  # fmt: skip
    return figure, axes


def _calm(ax: Axes) -> None:
    """Quiet the frame, so that the data speaks."""
    ax.set_facecolor("none")
    # No marks where rules lead to the numbers already: each mark is an artist of its own.
    ax.tick_params(colors=MUTED, labelsize=9, bottom=False, left=False)
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_offset_text().set_fontsize(8)  # the power of ten of large numbers
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["left", "bottom"]].set_color(MUTED)
    ax.grid(color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)


def _share(room: float, n: int, gap: float) -> float:
    """The gap between axes as matplotlib counts it: in mean widths (heights) of an axes."""
    return gap / max((room - (n - 1) * gap) / n, 0.1)


def room_for(names: Iterable[str], size: float = 9) -> float:
    """Inches that the longest of the names takes, beside an axis: wide signs count double."""
    longest = max((sum(2 if ord(c) > WIDE else 1 for c in name) for name in names), default=0)
    return 0.2 + longest * size * 0.0091


def label(ax: Axes, *, x: str = "", y: str = "", title: str = "") -> None:
    """Say what the axes show and in which units."""
    ax.set_xlabel(x, color=INK, fontsize=10)
    ax.set_ylabel(y, color=INK, fontsize=10)
    if title:
        ax.set_title(title, color=INK, fontsize=10, loc="left")


def legend(ax: Axes, **options: Any) -> None:
    """A legend without a box, in ink."""
    drawn = ax.legend(frameon=False, fontsize=9, labelcolor=INK, title_fontsize=9, **options)
    drawn.get_title().set_color(INK)


def plain(name: object, longest: int = LONGEST_NAME) -> str:
    """A column's or class's name as text on one line that is never read as mathematics.

    Line breaks and other control characters stand as escapes, such as \\n; every other character
    stays itself, whichever fonts this machine has. Long names lose their middle.
    """
    text = str(name)
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[: longest - 1 - half]}…{text[-half:]}"
    return "".join(map(_shown, text)).replace("$", r"\$")


def _shown(character: str) -> str:
    kind = unicodedata.category(character)
    if kind == "Cc":
        return character.encode("unicode_escape").decode()
    if kind.startswith("Z"):  # blanks of any width
        return " "
    if kind == "Cs" or ord(character) & 0xFFFE == 0xFFFE:  # no page may hold these
        return "\N{REPLACEMENT CHARACTER}"
    return character


def finish(figure: Figure, names: Iterable[object] = ()) -> Figure:
    """Give the figure fonts for those of its words that the usual font cannot draw.

    Args: names: words beside those that it holds already, as those beside an axis.
    """
    from matplotlib.text import Text

    texts = [text.get_text() for text in figure.findobj(Text)]
    fonts = fallback_fonts({c for name in (*texts, *names) for c in str(name)})
    if fonts:
        family = [LATIN, *fonts]
        for text in figure.findobj(Text):
            text.set_fontfamily(family)
        for ax in figure.axes:
            ax.tick_params(labelfontfamily=family)
    return figure


def count(n: int) -> str:
    """A number of rows as titles show it: "n = 1,600"."""
    return f"n = {n:,}"


def of_part(part: str, n: int) -> str:
    """A part and its size, for a title: "test, n = 400"."""
    return _("{part}, {count}", part=part_name(part), count=count(n))
