"""Where tracking goes, and how much of a run it keeps."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field

from colonnade.parameters import Params

if TYPE_CHECKING:
    from pathlib import Path

SQLITE = "sqlite:///"


def _off(value: Any) -> Any:
    return "off" if value is False else value  # YAML reads a bare `off` as false


SAFETY = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""MLflow reads these as it is imported."""


class GateParams(Params):
    """What a run's model must show before it may replace the registered one."""

    metric: str = Field("", description="empty: test/accuracy, or test/rmse where there is none")
    higher_is_better: bool | None = Field(None, description="none: by the metric's name")
    margin: float = Field(0.0, ge=0, description="how much better than the champion, at least")
    bar: float | None = Field(None, description="refused below it (above it, if lower is better)")


class TrackingParams(Params):
    """The MLflow store, what happens when it is away, and what goes into it.

    `required` stops a run that cannot be recorded; `optional` lets it go on and keeps the record
    until the store is back; `off` records nothing, and MLflow is never imported.
    """

    uri: str = "sqlite:///mlflow.db"
    mode: Annotated[Literal["required", "optional", "off"], BeforeValidator(_off)] = "required"
    artifacts: bool = True
    log_model: bool = True
    system_metrics: bool = Field(
        False, description="processor, memory, disk and network while training; needs psutil"
    )
    ui: str = Field("http://127.0.0.1:5000", description="where `mlflow ui` shows a local store")
    timeout: float = Field(60.0, gt=0, description="seconds to wait at the end of a run")
    gates: dict[str, GateParams] = Field(default_factory=dict, description="by table")

    def located(self, project: Path) -> Self:
        """Point at the store for good: MLFLOW_TRACKING_URI wins, relative files become absolute."""
        uri = os.environ.get("MLFLOW_TRACKING_URI") or self.uri
        if uri.startswith(SQLITE) and not uri.startswith(SQLITE + "/"):
            uri = f"{SQLITE}{(project / uri.removeprefix(SQLITE)).resolve()}"
        return self.model_copy(update={"uri": uri})

    @property
    def is_server(self) -> bool:
        """Whether the store is reached over the network, and shows its own pages."""
        return self.uri.startswith(("http://", "https://"))

    @property
    def pages(self) -> str:
        """Where the store's pages are seen."""
        return without_password(self.uri if self.is_server else self.ui).rstrip("/")


def without_password(uri: str) -> str:
    """Drop `user:password@` from a URI, so that it may be printed."""
    scheme, mark, rest = uri.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path}"
