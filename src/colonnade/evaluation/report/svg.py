"""Figures as SVG inside a page: in its colors, with unique ids."""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING

from colonnade.evaluation.figures.fonts import boxes_for_missing_glyphs
from colonnade.evaluation.figures.style import BLUE, INK, MUTED, PAPER, RULE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THEMED = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    BLUE.lower(): "var(--blue)",
}


# Within a tag, since the next angle bracket closes one: words of the table may hold anything.
_IN_TAG = r"(?=[^<>]*>)"
_COLOURS = re.compile(f"({'|'.join(_THEMED)}){_IN_TAG}")
_IDS = re.compile(rf'(\bid="|href="#|url\(#){_IN_TAG}')
_FONT = re.compile(rf'font-family: [^;"]*; {_IN_TAG}')


def alternative(figure: Figure) -> str:
    """What a figure shows, in words for who cannot see it: title, axes, legends."""
    axes = [ax for ax in figure.axes if ax.get_visible()]
    named = [" against ".join(filter(None, (ax.get_ylabel(), ax.get_xlabel()))) for ax in axes]
    legends = [*(ax.get_legend() for ax in axes), *figure.legends]
    keys = [text.get_text() for one in legends if one is not None for text in one.get_texts()]
    parts = [*(text.get_text() for text in figure.texts), *named, ", ".join(keys)]
    return ". ".join(dict.fromkeys(filter(None, parts))).replace("\n", " ").replace(r"\$", "$")


def inline_svg(figure: Figure, name: str) -> str:
    """Draw the figure as an `<svg>` element whose ids begin with `name`.

    Ink, rules and paper become the page's CSS variables, so that the figure follows the page
    from light to dark. Words stay words, which can be searched, in the page's font; what is read
    aloud is the figure's `alternative`.
    """
    import matplotlib as mpl

    out = io.StringIO()
    # Else ids are drawn at random, and no two pages are alike.
    # matplotlib measures words with fonts that the page does not use.
    with (
        mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}),
        boxes_for_missing_glyphs(),
    ):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = _COLOURS.sub(lambda m: _THEMED[m[0]], text)
    text = _IDS.sub(rf"\g<1>{name}-", text)
    text = _FONT.sub("", text)
    text = re.sub(r"\bxmlns(:\w+)?=\"[^\"]*\"", "", text, count=2)
    for size in ("width", "height"):
        text = re.sub(rf'(<svg[^>]*?) {size}="[^"]*"', r"\1", text, count=1)
    label = html.escape(alternative(figure))
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
