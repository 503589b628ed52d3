"""What results rest on: digests of code, parameters and files, and a file that remembers them."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from collections.abc import Iterable

FORMAT = 1
FILE = "stages.json"
# What the numbers of a result come from, beside our own code.
_PACKAGES = ("torch", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "matplotlib")
# Rooms that start, record or serve runs, and change no result.
_ELSEWHERE = ("cli", "hooks", "tracking", "experiments", "estimators", "serving")
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
_OWN_FONTS = (".fonts", ".local/share/fonts", "Library/Fonts")
_CHUNK = 2**20

Stat = list[Any]
"""A file's path, size, and times of the last change of its content and of its entry, in ns."""


def digest(*parts: object) -> str:
    """SHA-256 of the parts as JSON."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def code_digest(project: Path) -> str:
    """Of the code that makes results: this library's, the user's in `src/`, and the packages'."""
    library = Path(__file__).parents[2]
    rooms = [path for path in library.iterdir() if path.is_dir() and path.name not in _ELSEWHERE]
    beside = project / "src"
    own = [path for path in beside.iterdir() if path != library] if beside.is_dir() else []
    found = hashlib.sha256(digest([(name, version(name)) for name in _PACKAGES]).encode())
    for file in _files([*sorted(rooms), *sorted(own)]):
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


@cache
def class_digest(path: str) -> str:
    """Of the package that holds a network's class, by the class's import path."""
    found = find_spec(path.partition(".")[0])  # imports nothing
    places: list[str] = []
    if found is not None:
        places = list(found.submodule_search_locations or filter(None, [found.origin]))
    code = hashlib.sha256()
    for file in _files(map(Path, places)):
        if file.suffix == ".py":
            code.update(file.name.encode() + b"\0" + file.read_bytes())
    return code.hexdigest()


@cache
def fonts_digest() -> str:
    """Of the folders of installed fonts, in which figures look for what a label needs."""
    home = Path.home()
    places = [Path(place) for place in _FONTS] + [home / place for place in _OWN_FONTS]
    folders = [folder for place in places if place.is_dir() for folder in [place, *_below(place)]]
    return digest([(str(folder), folder.stat().st_mtime_ns) for folder in folders])


def _below(place: Path) -> Iterable[Path]:
    for folder in sorted(path for path in place.iterdir() if path.is_dir()):
        yield folder
        yield from _below(folder)


def _files(places: Iterable[Path]) -> Iterable[Path]:
    for place in places:
        if place.is_file():
            yield place
        elif not place.name.endswith((".egg-info", "__pycache__")):
            yield from _files(sorted(place.iterdir()))


class StageFile:
    """A table's `stages.json`: of each node, what its result was made from, and what it wrote.

    Files are hashed again only where their size or times differ from those remembered.

    Args: path: the file, which may be missing, cut or of another version: nothing stands then.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.nodes: dict[str, dict[str, Any]] = {}
        self._hashes: dict[str, tuple[Stat, str]] = {}
        try:
            read = json.loads(path.read_bytes())
            if read["format"] == FORMAT:
                self.nodes = read["nodes"]
                self._hashes = {stat[0]: (stat, found) for stat, found in read["files"]}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self.nodes, self._hashes = {}, {}

    def content(self, files: list[Path]) -> str | None:
        """The digest of what files hold; None if one is missing."""
        try:
            return digest([(file.name, self._hash(file)) for file in files])
        except OSError:
            return None

    def _hash(self, file: Path) -> str:
        path, now = str(file), file.stat()
        stat = [path, now.st_size, now.st_mtime_ns, now.st_ctime_ns]
        known = self._hashes.get(path)
        if known is None or known[0] != stat:
            found = hashlib.sha256()
            with file.open("rb") as stream:
                while chunk := stream.read(_CHUNK):
                    found.update(chunk)
            known = self._hashes[path] = (stat, found.hexdigest())
        return known[1]

    def stands(self, node: str, made_from: str | None, made: dict[str, str | None]) -> bool:
        """Whether a node's results are there as it wrote them, made from what there is now."""
        found = self.nodes.get(node, {})
        return (
            made_from is not None
            and found.get("made_from") == made_from
            and (found.get("made") == made)
        )

    def remember(self, node: str, made_from: str, made: dict[str, str | None], when: str) -> None:
        """Note what a node has just made, in place of what it had made before."""
        self.nodes[node] = {"made_from": made_from, "made": made, "when": when}
        self._write()

    def _write(self) -> None:
        files = [[stat, found] for stat, found in self._hashes.values()]
        document = {"format": FORMAT, "nodes": self.nodes, "files": files}
        with replaced_file(self.path) as stream:
            stream.write(f"{json.dumps(document, indent=1, ensure_ascii=False)}\n".encode())
