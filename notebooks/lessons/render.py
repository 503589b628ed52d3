"""Run every lesson and write it as a page of its own: `make lessons`."""

from __future__ import annotations

import argparse
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.cli.messages import plain_message
from colonnade.tables.writing.atomic_file import replaced_file
from lessons.execution import (
    RunLesson,
    is_solution,
    lesson_files,
    read_lesson,
    run_lesson,
    title_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from jinja2 import Environment

OUTPUT = Path("data/08_reporting/lessons/html")
GLOSSARY = "glossary.md"


def render_lessons(root: Path, output: Path, only: Sequence[str] = ()) -> list[RunLesson]:
    """Run the lessons in `root/notebooks` and write their pages and an index into `output`.

    Args: only: the beginnings of names, such as "04"; none: all lessons.
    Raises: LessonError at the first lesson that fails.
    """
    folder = root / "notebooks"
    files = lesson_files(folder)
    titles = {path.stem: title_of(read_lesson(path)) for path in files}
    done = []
    for path in files:
        if only and not path.name.startswith(tuple(only)):
            continue
        lesson = run_lesson(path, root)
        print(f"{path.name:32} {lesson.seconds:5.1f} s", flush=True)
        _write(output / f"{path.stem}.html", lesson_page(lesson))
        done.append(lesson)
    _write(output / "index.html", index_page(titles, (folder / GLOSSARY).read_text("utf-8")))
    return done


def lesson_page(lesson: RunLesson) -> str:
    """A lesson's page: text, code, outputs; solutions folded."""
    body, _ = _exporter().from_notebook_node(lesson.notebook)
    return _page(title_of(lesson.notebook), linked(body), up=True)


def index_page(titles: dict[str, str], glossary: str) -> str:
    """The list of lessons, and the glossary below it.

    Args: titles: by file name without suffix. glossary: markdown.
    """
    from nbconvert.filters import markdown2html

    lessons = "".join(_entry(name, title) for name, title in titles.items())
    words = linked(markdown2html(glossary)).replace("<h1", '<h2 id="glossary"', 1)
    words = words.replace("</h1>", "</h2>", 1)
    return _page(
        "colonnade: lessons 课程",
        "<h1>Lessons 课程</h1><p>Deep learning as colonnade does it, from tensors to a whole "
        f'pipeline.</p><ol class="lessons">{lessons}</ol>{words}',
    )


def linked(body: str) -> str:
    """Point links between notebooks at their pages."""
    body = re.sub(r'href="(?:\./)?(\d\d_\w+)\.ipynb', r'href="\1.html', body)
    return re.sub(r'href="(?:\./)?glossary\.md', 'href="index.html#glossary', body)


def _entry(name: str, title: str) -> str:
    number, _, rest = title.partition(" ")
    return f'<li value="{number}"><a href="{name}.html">{rest}</a></li>'


@cache
def _exporter() -> Any:
    from jinja2 import FileSystemLoader
    from nbconvert import HTMLExporter

    here = FileSystemLoader(Path(__file__).parent)
    exporter = HTMLExporter(template_name="basic", extra_loaders=[here])
    exporter.template_file = "lesson.html"
    exporter.environment.tests["solution"] = is_solution
    exporter.exclude_input_prompt = exporter.exclude_output_prompt = True
    return exporter


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader

    return Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True)


def _page(title: str, body: str, *, up: bool = False) -> str:
    from markupsafe import Markup
    from pygments.formatters import HtmlFormatter

    light, dark = (
        Markup(HtmlFormatter(style=style).get_style_defs(".highlight"))
        for style in ("friendly", "github-dark")
    )
    template = _environment().get_template("page.html")
    return template.render(title=title, body=Markup(body), light=light, dark=dark, up=up)


def _write(path: Path, page: str) -> None:
    with replaced_file(path) as stream:
        stream.write(page.encode())


def main(words: Sequence[str] | None = None) -> int:
    """Render from the command line; 1 if a lesson failed."""
    parser = argparse.ArgumentParser(prog="lessons.render", description=__doc__)
    parser.add_argument("only", nargs="*", help="lessons by the beginning of their names: 04 05")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder for the pages")
    given = parser.parse_args(words)
    try:
        render_lessons(Path.cwd(), given.output, given.only)
    except Exception as error:
        message = plain_message(error)
        if message is None:
            raise
        print(message, file=sys.stderr)
        return 1
    print(f"Read them: {(given.output / 'index.html').resolve().as_uri()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
