"""The model that answers now; another takes its place while requests are answered."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from colonnade.errors import TrackingError, UserError
from colonnade.tracking.comparison.chosen_model import choose_model
from colonnade.training.models.storage import load_model

if TYPE_CHECKING:
    from pathlib import Path

    from colonnade.tracking.comparison.chosen_model import ChosenModel
    from colonnade.tracking.tracking_params import TrackingParams
    from colonnade.training.models.trained import TrainedModel

CHAMPION = "champion"
TRAINED_LAST = "the model trained last"
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Live:
    """A loaded model, and by which names an answer says that it is of it."""

    model: TrainedModel
    title: str
    run: str
    digest: str

    @property
    def names(self) -> dict[str, str]:
        """What an answer says of the model that gave it."""
        return {"title": self.title, "run": self.run, "sha256": self.digest}


class LiveModel:
    """Holds the model of a table that answers; a request keeps the one that it began with.

    Args: project: the project's folder. folder: where the model lies that was trained last.
        word: which model is meant, as of `--params model=`. network: see `load_model`.
    """

    def __init__(
        self,
        project: Path,
        tracking: TrackingParams,
        table: str,
        folder: Path,
        *,
        word: str = "",
        network: str | None = None,
    ) -> None:
        self.project, self.tracking, self.table = project, tracking, table
        self.folder, self.word, self.network = folder, word, network
        self.n_changes = 0
        self._complaint = ""
        chosen = choose_model(project, tracking, table, word)
        self.now = self._load(chosen)

    def look(self) -> bool:
        """Load what is meant now, if that is another model; what goes wrong changes nothing."""
        try:
            chosen = self._champion()
            place = self.folder if chosen is None else chosen.folder
            if _digest(place) == self.now.digest:
                self._complaint = ""
                return False
            live = self._load(chosen)
        except (UserError, OSError) as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                logger.warning("%s: the model is kept: %s", self.table, error)
            return False
        before, self.now = self.now, live
        self.n_changes += 1
        logger.info("%s: %s answers now, in place of %s", self.table, live.title, before.title)
        return True

    def _champion(self) -> ChosenModel | None:
        """The model that is meant; where none is, the champion as soon as there is one."""
        if self.word:
            return choose_model(self.project, self.tracking, self.table, self.word)
        if self.tracking.mode == "off":
            return None
        try:
            return choose_model(self.project, self.tracking, self.table, CHAMPION)
        except TrackingError:
            if self.now.title == TRAINED_LAST:
                return None
            raise

    def _load(self, chosen: ChosenModel | None) -> Live:
        folder = self.folder if chosen is None else chosen.folder
        digest = _digest(folder)
        model = load_model(folder, table=self.table, network=self.network)
        if chosen is None:
            return Live(model, TRAINED_LAST, model.run or "", digest)
        model = replace(model, run=chosen.run)  # a logged folder names none
        return Live(model, chosen.title, chosen.run, digest)


def _digest(folder: Path) -> str:
    """SHA-256 of what describes the model, its weights' digest included; of an absent one ""."""
    path = folder / "model.json"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else ""
