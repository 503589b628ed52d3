"""The catalog of messages: `make messages` gathers what the code says and compiles translations.

A new language: make a folder `locale/<language>/LC_MESSAGES` in `src/colonnade/messages`, then
`make messages` writes the file to be translated into it, and makes what is translated known.
"""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages import mofile, pofile
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir

from colonnade.messages.catalog import DOMAIN, LOCALE

LIBRARY = LOCALE.parents[1]
METHODS = [("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")]
# `marked` and the names of metrics stand in constants, and are translated where they are shown.
KEYWORDS = {"_": None, "ngettext": (1, 2), "marked": None, "Shown": (1,)}


def template(library: Path = LIBRARY) -> Catalog:
    """Every message of the code, with the files that have it."""
    found = Catalog(domain=DOMAIN, fuzzy=False)
    messages = extract_from_dir(
        library, METHODS, keywords=KEYWORDS, options_map={"**.html": {"silent": "false"}}
    )
    for file, _line, message, comments, context in messages:
        found.add(message, None, [(file, 0)], auto_comments=comments, context=context)
    return found


def translations() -> list[Path]:
    """The file of each language."""
    return sorted(folder / f"{DOMAIN}.po" for folder in LOCALE.glob("*/LC_MESSAGES"))


def read(path: Path) -> Catalog:
    """A translation as its file has it; of a language whose file is still to be, an empty one."""
    if path.exists():
        with path.open("rb") as file:
            return pofile.read_po(file, locale=path.parts[-3], domain=DOMAIN)
    return Catalog(
        locale=path.parts[-3],
        domain=DOMAIN,
        project="colonnade",
        version="",
        header_comment="# Messages of colonnade. `make messages` adds new ones; translate msgstr.",
        fuzzy=False,
        charset="utf-8",
    )


def compiled(catalog: Catalog) -> bytes:
    """What Python's gettext reads: the same catalog gives the same bytes."""
    out = io.BytesIO()
    mofile.write_mo(out, catalog)
    return out.getvalue()


def written(catalog: Catalog) -> bytes:
    """The file of a translation, in the order of messages."""
    out = io.BytesIO()
    pofile.write_po(
        out, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False,
        omit_header=False,
    )  # fmt: skip
    return out.getvalue()


def update(path: Path) -> None:
    """Take new messages into a translation, drop stale ones, and compile it."""
    catalog = read(path)
    catalog.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    path.write_bytes(written(catalog))
    path.with_suffix(".mo").write_bytes(compiled(catalog))
    missing = [m.id for m in catalog if m.id and not any(_texts(m.string))]
    print(f"{path.parts[-3]}: {len(catalog)} messages, {len(missing)} to be translated")
    for message in missing:
        print(f"  {message if isinstance(message, str) else message[0]}")


def _texts(string: object) -> tuple[str, ...]:
    return string if isinstance(string, tuple) else (str(string or ""),)


if __name__ == "__main__":
    for file in translations():
        update(file)
