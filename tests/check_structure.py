"""Hold the library to its own floor plan; `make check` runs this, with Python alone.

A room is a folder of `src/colonnade`. Prints every breach, and ends non-zero if there is one.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "src" / "colonnade"
MOST_IN_A_ROOM = 9
MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 40
AT_THE_TOP = {"errors", "parameters", "pipeline_registry", "settings"}
# Kedro's own names: one pair in each pipeline's package.
MAY_REPEAT = {"nodes", "pipeline"}


def breaches(library: Path) -> Iterator[str]:
    """Every breach of the plan, as a sentence."""
    yield from crowded_rooms(library)
    yield from repeated_names(library)
    for path in sorted(library.rglob("*.py")):
        yield from long_code(path, path.relative_to(library.parent))


def crowded_rooms(library: Path) -> Iterator[str]:
    """Rooms that hold too much, or do not say what they are for."""
    strangers = set(modules(library)) - AT_THE_TOP
    if strangers:
        yield f"{library.name}: {', '.join(sorted(strangers))} should stand in a room"
    for room in rooms(library):
        name = room.relative_to(library.parent)
        held = [*modules(room), *(inner.name for inner in rooms(room, deep=False))]
        if room != library and len(held) > MOST_IN_A_ROOM:
            yield f"{name}: {len(held)} modules and rooms, more than {MOST_IN_A_ROOM}"
        if not ast.get_docstring(ast.parse((room / "__init__.py").read_text("utf-8"))):
            yield f"{name}/__init__.py: say what the room is for"


def repeated_names(library: Path) -> Iterator[str]:
    """Module names that stand twice."""
    places = defaultdict(list)
    for room in rooms(library):
        for name in modules(room):
            places[name].append(str(room.relative_to(library.parent)))
    for name, found in places.items():
        if len(found) > 1 and name not in MAY_REPEAT:
            yield f"{name}.py stands in {' and '.join(found)}: give one of them another name"


def long_code(path: Path, name: Path) -> Iterator[str]:
    """A module or a function that does not fit on its page; a docstring does not count."""
    text = path.read_text("utf-8")
    n_lines = text.count("\n")
    if n_lines > MOST_LINES:
        yield f"{name}: {n_lines} lines, more than {MOST_LINES}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = length(node)
            if lines > MOST_LINES_OF_A_FUNCTION:
                yield f"{name}:{node.lineno}: {node.name} has {lines} lines"


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, without the docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) and first.end_lineno:
        lines -= first.end_lineno - first.lineno + 1
    return lines


def rooms(folder: Path, *, deep: bool = True) -> list[Path]:
    """The folder itself, if deep, and the packages below it."""
    below = sorted(folder.rglob("__init__.py") if deep else folder.glob("*/__init__.py"))
    return [path.parent for path in below]


def modules(room: Path) -> list[str]:
    """Modules of a room, but for `__init__` and `__main__`."""
    return sorted(path.stem for path in room.glob("*.py") if not path.stem.startswith("__"))


if __name__ == "__main__":
    found = list(breaches(Path(sys.argv[1]) if len(sys.argv) > 1 else LIBRARY))
    print("\n".join(found) or "The library keeps to its plan.")
    sys.exit(bool(found))
