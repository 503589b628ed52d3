"""Pictures, pages and models: files and folders of this machine."""

from __future__ import annotations

import base64
import dataclasses
import json
import logging
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from kedro.io import AbstractDataset, DatasetError
from kedro_datasets._typing import HTMLPreview, ImagePreview, JSONPreview

from colonnade.tables.writing.atomic_file import replaced_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from colonnade.training.models.trained import TrainedModel

logger = logging.getLogger(__name__)
LOW_LINE = "\u02cd"  # looks like "_"
_MOST_NAMED = 5
_WARNED: set[str] = set()


class _LocalPath(AbstractDataset[Any, Any]):
    """A file or folder of this machine."""

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = PurePosixPath(filepath)
        self.metadata = metadata

    @property
    def path(self) -> Path:
        """Where it is."""
        return Path(self._filepath)

    def _exists(self) -> bool:
        return self.path.exists()

    def _describe(self) -> dict[str, Any]:
        return {"filepath": self._filepath}


class PngFigure(_LocalPath):
    """A matplotlib figure in a PNG file."""

    def load(self) -> Any:
        """Refuse: a picture does not become a figure again."""
        raise DatasetError(f"{self._filepath}: a picture cannot be loaded as a figure.")

    def save(self, data: Figure) -> None:
        """Draw the figure; what no font can draw is a box, and the log says what to install."""
        from colonnade.evaluation.figures.fonts import boxes_for_missing_glyphs, font_for, undrawn

        with replaced_file(self.path) as stream, boxes_for_missing_glyphs():
            # without the version of matplotlib in it, equal figures are equal files
            data.savefig(stream, format="png", metadata={"Software": None})
        if missing := undrawn(data):
            _warn_once(font_for(missing), missing, self.path.name)

    def preview(self) -> ImagePreview:
        """The picture, for kedro-viz."""
        return ImagePreview(base64.b64encode(self.path.read_bytes()).decode())


def _warn_once(font: str, missing: str, picture: str) -> None:
    """Warn once a process which font to install, with the first picture that needs it."""
    if font not in _WARNED:
        _WARNED.add(font)
        named = f"{', '.join(missing[:_MOST_NAMED])}{', ...' if len(missing) > _MOST_NAMED else ''}"
        logger.warning(
            "%s: no installed font has %s, drawn as boxes. Install %s and run again.",
            picture, named, font,
        )  # fmt: skip


class TextFile(_LocalPath):
    """Text in UTF-8."""

    def load(self) -> str:
        """Read the text."""
        return self.path.read_text(encoding="utf-8")

    def save(self, data: str) -> None:
        """Write the text."""
        with replaced_file(self.path) as stream:
            stream.write(data.encode())

    def preview(self) -> HTMLPreview:
        """The text, for kedro-viz, which reads Markdown in HTML and HTML in Markdown."""
        # what stands between two "_", escaped or not, it shows in italics and without them
        return HTMLPreview(self.load().replace("_", LOW_LINE))


class HtmlPage(TextFile):
    """An HTML page, as text."""


class ModelFolder(_LocalPath):
    """A trained model: weights and description in a folder of its own.

    Args: table: the name of the table that it is of; a model of another one is refused.
    """

    def __init__(
        self, *, filepath: str, table: str | None = None, metadata: dict[str, Any] | None = None
    ) -> None:
        super().__init__(filepath=filepath, metadata=metadata)
        self._table = table
        self.network: str | None = None
        """The import path of its network's class, where the project's configuration has one."""
        self.read_from: Path | None = None
        """Where the model is loaded from in place of its own folder, as that of a champion."""
        self.run: str | None = None
        """The run that a model of such a place is of."""

    def load(self) -> TrainedModel:
        """Read the model back.

        Raises: ModelError (as the cause of Kedro's DatasetError) if the folder was cut or altered,
            or is of another table.
        """
        from colonnade.training.models.storage import load_model

        folder = self.read_from or self.path
        model = load_model(folder, table=self._table, network=self.network)
        return dataclasses.replace(model, run=self.run) if self.run else model

    def save(self, data: TrainedModel) -> None:
        """Write the model."""
        from colonnade.training.models.storage import save_model

        save_model(data, self.path, table=self._table)

    def content_files(self) -> list[Path]:
        """The files that are the model; others in its folder are notes."""
        return [self.path / "model.json", *sorted(self.path.glob("weights-*.safetensors"))]

    def preview(self) -> JSONPreview:
        """What was trained and how, for kedro-viz; the standardizer has a preview of its own."""
        described = json.loads((self.path / "model.json").read_text(encoding="utf-8"))
        shown = {name: described[name] for name in ("facts", "model", "training", "weights")}
        return JSONPreview(json.dumps(shown, ensure_ascii=False))

    def _exists(self) -> bool:
        return ((self.read_from or self.path) / "model.json").exists()


class CheckpointFile(_LocalPath):
    """The path of a checkpoint that training itself reads and writes."""

    def load(self) -> Path:
        """Where the checkpoint is, or will be."""
        return self.path

    def save(self, data: Any) -> None:
        """Refuse: training writes its checkpoints while it runs."""
        raise DatasetError(f"{self._filepath}: training writes its checkpoints itself.")
