"""Figures as SVG inside a page: in its colors and font, with unique ids and words to point at."""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from colonnade.evaluation.figures.fonts import boxes_for_missing_glyphs
from colonnade.evaluation.figures.hover import MARKS
from colonnade.evaluation.figures.style import BLUE, INK, MUTED, PAPER, RULE
from colonnade.messages.catalog import _

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_THEMED = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    RULE: "var(--rule)",
    PAPER: "var(--paper)",
    BLUE.lower(): "var(--blue)",
}
_COLOURS = re.compile("|".join(_THEMED))
_FONT = re.compile(r"font-family: [^;]*;? ?")
_NAMESPACE = re.compile(r"^\{[^}]*\}")


def alternative(figure: Figure) -> str:
    """What a figure shows, in words for who cannot see it: title, axes, legends."""
    axes = [ax for ax in figure.axes if ax.get_visible()]
    named = [_(" against ").join(filter(None, (ax.get_ylabel(), ax.get_xlabel()))) for ax in axes]
    legends = [*(ax.get_legend() for ax in axes), *figure.legends]
    keys = [text.get_text() for one in legends if one is not None for text in one.get_texts()]
    parts = [*(text.get_text() for text in figure.texts), *named, _(", ").join(keys)]
    return ". ".join(dict.fromkeys(filter(None, parts))).replace("\n", " ").replace(r"\$", "$")


def inline_svg(figure: Figure, name: str) -> str:
    """Draw the figure as an `<svg>` element whose ids begin with `name`.

    Ink, rules and paper become the page's CSS variables, so that the figure follows the page
    from light to dark. Words stay words, which can be selected and searched, in the page's font;
    a mark has a `<title>` if the figure has words for it; what is read aloud is the figure's
    `alternative`.
    """
    import matplotlib as mpl

    out = io.BytesIO()
    # Else ids are drawn at random, and no two pages are alike.
    # matplotlib measures words with fonts that the page does not use.
    with (
        mpl.rc_context({"svg.hashsalt": name, "svg.fonttype": "none"}),
        boxes_for_missing_glyphs(),
    ):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    root = ET.fromstring(out.getvalue())
    for element in root.iter():
        element.tag = _NAMESPACE.sub("", element.tag)
        element.attrib = {
            _NAMESPACE.sub("", key): _fitted(_NAMESPACE.sub("", key), value, name)
            for key, value in element.attrib.items()
        }
    for metadata in root.findall("metadata"):
        root.remove(metadata)
    for group in root.iter("g"):
        if group.get("id", "").startswith(MARKS):
            _title(group, json.loads(group.attrib.pop("id").removeprefix(MARKS)))
    for size in ("width", "height", "version"):
        root.attrib.pop(size, None)
    root.attrib = {"role": "img", "aria-label": alternative(figure), **root.attrib}
    return ET.tostring(root, encoding="unicode")


def _fitted(key: str, value: str, name: str) -> str:
    """An attribute as this page has it: with its colors, its font and its ids."""
    if key == "id":
        return value if value.startswith(MARKS) else f"{name}-{value}"
    if key == "href" and value.startswith("#"):
        return f"#{name}-{value[1:]}"
    if key == "style":
        value = _FONT.sub("", value)
    return _COLOURS.sub(lambda m: _THEMED[m[0]], value).replace("url(#", f"url(#{name}-")


def _title(group: ET.Element, words: list[str]) -> None:
    """Give each mark of a group its words; those that are drawn as one shape stay without."""
    shapes = {shape for defs in group.iter("defs") for shape in defs}
    marks = list(group.iter("use")) or [m for m in group.iter("path") if m not in shapes]
    if len(marks) != len(words):
        return
    for mark, text in zip(marks, words, strict=True):
        ET.SubElement(mark, "title").text = text
