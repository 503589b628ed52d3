"""How every figure looks: ink, colours for all eyes, and names that stay text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The report turns these into its own colours, so that a figure suits light and dark alike: they
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

_LATIN = "DejaVu Sans"
_CJK = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "Microsoft YaHei",
    "PingFang SC",
    "Heiti SC",
    "SimHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Arial Unicode MS",
    "Noto Sans CJK JP",
)
LONGEST_NAME = 24


def new_figure(
    title: str, *, columns: int = 1, rows: int = 1, height: float = 4.2, **options: Any
) -> tuple[Figure, list[Axes]]:
    """A figure 800 pixels wide, with no tie to pyplot, and its axes row by row.

    Args: options: of `Figure.subplots`, such as `sharex` or `width_ratios`.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, height), dpi=100, layout="constrained", facecolor=PAPER)
    FigureCanvasAgg(figure)
    grid = figure.subplots(rows, columns, squeeze=False, **options)
    axes: list[Axes] = list(grid.flat)
    for ax in axes:
        ax.set_facecolor("none")
        ax.tick_params(colors=MUTED, labelsize=9)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["left", "bottom"]].set_color(MUTED)
        ax.grid(color=RULE, linewidth=0.6)
        ax.set_axisbelow(True)
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=INK)
    return figure, axes


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
    """A column's or class's name as text that a figure can show and never reads as mathematics.

    A character that no installed font can draw stands as its escape, such as \\U0001f4f1, in
    place of an empty box. Long names lose their middle.
    """
    text = str(name)
    if len(text) > longest:
        half = (longest - 1) // 2
        text = f"{text[: longest - 1 - half]}…{text[-half:]}"
    drawable = "".join(c if _drawable(c) else c.encode("unicode_escape").decode() for c in text)
    return drawable.replace("$", r"\$")


def finish(figure: Figure, names: Iterable[object] = ()) -> Figure:
    """Give the figure a font for Chinese, Japanese or Korean where one of its names needs it."""
    if any(ord(c) not in _characters(_LATIN) for name in names for c in str(name)):
        from matplotlib.text import Text

        family = [_LATIN, *cjk_font()]
        for text in figure.findobj(Text):
            text.set_fontfamily(family)
        for ax in figure.axes:
            ax.tick_params(labelfontfamily=family)
    return figure


@cache
def cjk_font() -> tuple[str, ...]:
    """The first installed font with Chinese characters, or nothing."""
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return tuple(name for name in _CJK if name in installed)[:1]


@cache
def _characters(family: str) -> frozenset[int]:
    from matplotlib.font_manager import FontProperties, findfont, get_font

    return frozenset(get_font(findfont(FontProperties(family=[family]))).get_charmap())


def _drawable(character: str) -> bool:
    if not character.isprintable():
        return False
    if character.isascii() or ord(character) in _characters(_LATIN):
        return True
    return any(ord(character) in _characters(family) for family in cjk_font())


def count(n: int) -> str:
    """A number of rows as titles tell it: "n = 1,600"."""
    return f"n = {n:,}"
