"""Installed fonts that have the glyphs that the default font lacks."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from matplotlib.figure import Figure

LATIN = "DejaVu Sans"  # comes with matplotlib
# Preferred for Chinese, Japanese and Korean, in this order.
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
# From here on Unicode holds the wide signs of Chinese, Japanese and Korean, and then emoji.
WIDE = 0x2E80
_EMOJI, _RARE_HAN = 0x1F000, 0x20000


def fallback_fonts(text: Iterable[str]) -> list[str]:
    """Families that together draw the characters which the usual font lacks, as far as any does."""
    lacking = _lacking(text, [])
    if not lacking:
        return []
    families: list[str] = []
    for family in _families():
        has = lacking & characters_of(family)
        if has:
            families.append(family)
            lacking -= has
        if not lacking:
            break
    return families


def undrawn(figure: Figure) -> str:
    """The characters of a figure's texts that none of their fonts has, each once."""
    from matplotlib.text import Text

    found: set[int] = set()
    for text in figure.findobj(Text):
        found |= _lacking(text.get_text(), text.get_fontfamily())
    return "".join(chr(code) for code in sorted(found))


def font_for(characters: str) -> str:
    """The font to install for characters that none has, and how on Debian and Ubuntu."""
    codes = [ord(c) for c in characters]
    if any(WIDE <= code < _EMOJI or code >= _RARE_HAN for code in codes):
        font, package = "Noto Sans CJK", "fonts-noto-cjk"
    elif any(code >= _EMOJI for code in codes):
        font, package = "Symbola", "fonts-symbola"
    else:
        font, package = "Noto Sans", "fonts-noto-core"
    return f"{font} (on Debian and Ubuntu: apt-get install {package})"


@contextmanager
def boxes_for_missing_glyphs() -> Iterator[None]:
    """Let matplotlib draw a box for what no font has, without a warning for each text."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font")
        yield


def _lacking(text: Iterable[str], families: Iterable[str]) -> set[int]:
    """Codes of the printable characters in neither the usual font nor the families."""
    codes = {ord(c) for c in text if c.isprintable() and not c.isascii()}
    for family in (LATIN, *families):
        if not codes:
            break
        codes -= characters_of(family)
    return codes


def _families() -> Iterator[str]:
    """Installed families: those preferred for Chinese first, then the others by name."""
    known = installed_families()
    yield from (name for name in _CJK if name in known)
    yield from sorted(known - set(_CJK))


@cache
def installed_families() -> frozenset[str]:
    """Families on this machine now.

    matplotlib reads its list from a file that it wrote once: fonts installed since are added to
    it, and those removed since are left out.
    """
    from matplotlib.font_manager import findSystemFonts, fontManager

    listed = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - listed):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError):  # no font, or a kind that cannot be drawn from
            continue
    # Emoji in color are bitmaps, and a font of last resort has a box for every character.
    return frozenset(
        font.name
        for font in fontManager.ttflist
        if Path(font.fname).exists() and not {"Color", "Resort"} & set(font.name.split())
    )


@cache
def characters_of(family: str) -> frozenset[int]:
    """Codes of the characters that a family draws; of one that is not there, none."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    try:
        path = findfont(
            FontProperties(family=[family]), fallback_to_default=False, rebuild_if_missing=False
        )
        return frozenset(get_font(path).get_charmap())
    except (ValueError, OSError, RuntimeError):  # not there any more, or damaged
        return frozenset()
