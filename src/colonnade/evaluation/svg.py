"""Figures as SVG that lives inside a page: in its colours, with ids of their own."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

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


def inline_svg(figure: Figure, name: str) -> str:
    """Draw the figure as an `<svg>` element whose ids begin with `name`.

    Ink, rules and paper become the page's CSS variables, so that the figure follows the page
    from light to dark. Letters are outlines: the page needs no font.
    """
    import matplotlib as mpl

    out = io.StringIO()
    # Else ids are drawn at random, and no two pages are alike.
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    for colour, variable in _THEMED.items():
        text = text.replace(colour, variable)
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"\bxmlns(:\w+)?=\"[^\"]*\"", "", text, count=2)
    return re.sub(
        r'(<svg[^>]*?) width="[^"]*"',
        r"\1",
        re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", text, count=1),
        count=1,
    )
