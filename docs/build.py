"""Build the site: pages, figures of what hyperparameters do, the lessons with their outputs.

Use: make docs. Needs no network, and ends non-zero for a warning or a broken link.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parent
OUTPUT = ROOT / "data/08_reporting/docs"


class Links(HTMLParser):
    """What a page points to, what it loads, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.places = {""}  # of a link without a fragment
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one tag."""
        for name, value in attrs:
            if name in ("id", "name"):
                self.places.add(value or "")
            elif value and name in ("href", "src"):
                self.links.append(value)
                if name == "src" or tag == "link":
                    self.loads.append(value)


def broken(site: Path) -> Iterator[str]:
    """Every link of the site that leads nowhere, and everything a page loads from a network."""
    pages = {path: Links(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name == "404.html":
            continue
        name = path.relative_to(site)
        yield from (f"{name} loads {one}" for one in page.loads if urlsplit(one).netloc)
        for link in page.links:
            found = urlsplit(link)
            if found.scheme or found.netloc:
                continue
            target = (path.parent / unquote(found.path)).resolve() if found.path else path
            if not target.exists():
                yield f"{name}: no {link}"
            elif (
                target in pages
                and not {found.fragment, unquote(found.fragment)} & pages[target].places
            ):
                yield f"{name}: no place {link}"


def stage(source: Path) -> None:
    """Put together what the site is made of."""
    from figures import draw

    from lessons.execution import lesson_files, read_lesson, title_of
    from lessons.render import render_lessons

    shutil.copytree(HERE / "pages", source)
    draw(source / "reference/figures")
    lessons = source / "tutorials/lessons"
    render_lessons(ROOT, lessons)
    titles = {path.stem: title_of(read_lesson(path)) for path in lesson_files(ROOT / "notebooks")}
    lines = [
        f"1. [{title.partition(' ')[2]}](lessons/{name}.html)" for name, title in titles.items()
    ]
    page = source / "tutorials/lessons.md"
    page.write_text(page.read_text("utf-8") + "\n".join(lines) + "\n", "utf-8")


def main() -> int:
    """Build, then follow every link."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the site")
    output = parser.parse_args().output
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    stage(output / "source")
    shutil.copy(HERE / "mkdocs.yml", output)
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=output, check=False)
    if done.returncode:
        return done.returncode
    problems = list(broken((output / "site").resolve()))
    index = (output / "site/index.html").resolve()
    serve = f"python -m http.server --directory '{index.parent}'"
    print("\n".join(problems) or f"Read them: {index.as_uri()}\nWith search: {serve}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
