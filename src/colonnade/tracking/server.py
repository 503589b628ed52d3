"""Where runs are recorded: whether a store is there, and its pages; without MLflow's import."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from colonnade.tracking.tracking_params import SQLITE, without_password

if TYPE_CHECKING:
    from collections.abc import Sequence

    from colonnade.tracking.tracking_params import TrackingParams

PATIENCE = 5.0
ASKED = "/api/2.0/mlflow/experiments/get?experiment_id=0"
DATABASES = ("postgresql", "mysql", "mssql")
SQLITE_BEGINS = b"SQLite format 3\0"


def problem_with(uri: str) -> str:
    """Say what keeps a store from recording runs, as far as can be checked at once; else "".

    No such address, a file that is no database, a server that is away or refuses the password.

    Units: waits at most 5 seconds.
    """
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme in {"http", "https"}:
        return _server_problem(uri)
    if uri.startswith(SQLITE):
        return _file_problem(Path(uri.removeprefix(SQLITE)))
    if "databricks" in scheme or (scheme in DATABASES and "://" in uri):
        return ""
    return (
        f"The tracking store '{without_password(uri)}' is not an address that MLflow supports: use "
        "sqlite:///mlflow.db, http://host:5000 or postgresql://... as `uri` in "
        "conf/base/mlflow.yml, or in MLFLOW_TRACKING_URI if that is set."
    )


def unwritable(uri: str) -> str:
    """Say that a store on this disk can be read but not written, if so; else ""."""
    file = Path(uri.removeprefix(SQLITE))
    if not uri.startswith(SQLITE) or not file.exists():
        return ""
    for place in (file, file.parent):  # sqlite keeps a journal beside its file
        if not os.access(place, os.W_OK):
            return f"The tracking store {file} cannot be written: {place} is read-only."
    return ""


def pages_open(params: TrackingParams) -> bool:
    """Say whether somebody shows the store's pages now; a server of its own does.

    Units: waits at most half a second.
    """
    from urllib.request import ProxyHandler, build_opener

    if params.is_server:
        return True

    try:
        # not by a proxy, which may know another machine by this name
        with build_opener(ProxyHandler({})).open(f"{params.pages}/version", timeout=0.5) as reply:
            return bool(reply.status == 200)
    except (OSError, ValueError):
        return False


def _file_problem(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            begins = opened.read(len(SQLITE_BEGINS))
    except OSError:
        return ""  # not there yet
    if begins in {b"", SQLITE_BEGINS}:
        return ""
    return f"{file} is not an MLflow store, or is damaged. Move it away, and a new one is created."


def _server_problem(uri: str) -> str:
    from urllib.error import HTTPError
    from urllib.parse import urlsplit
    from urllib.request import Request, urlopen

    shown = without_password(uri)
    request = Request(shown.rstrip("/") + ASKED)
    authorization = _authorization(urlsplit(uri).username, urlsplit(uri).password)
    if authorization:
        request.add_header("Authorization", authorization)
    try:
        with urlopen(request, timeout=PATIENCE) as reply:
            json.load(reply)
    except HTTPError as error:
        return _refusal(shown, error.code)
    except (OSError, ValueError) as error:
        return f"The tracking server {shown} does not answer ({getattr(error, 'reason', error)})."
    return ""


def _refusal(shown: str, code: int) -> str:
    if code == 401:
        refused = " and rejects those given" if os.environ.get(USER) else ""
        return (
            f"The tracking server {shown} requires a name and password{refused}: set {USER} and "
            f"{PASSWORD}."
        )
    if code in {403, 404}:
        return ""  # it is up; what this user may not see is no fault of the server
    return f"The tracking server {shown} returns an error (HTTP {code})."


USER = "MLFLOW_TRACKING_USERNAME"
PASSWORD = "MLFLOW_TRACKING_PASSWORD"


def _authorization(user: str | None, password: str | None) -> str:
    """Write the header as MLflow would: from the environment, the URI or ~/.mlflow/credentials."""
    if token := os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return f"Bearer {token}"
    if not os.environ.get(USER) and not user:
        user, password = _from_file()
    user, password = os.environ.get(USER) or user, os.environ.get(PASSWORD) or password
    if not user:
        return ""
    return "Basic " + base64.b64encode(f"{user}:{password or ''}".encode()).decode()


def _from_file() -> tuple[str | None, str | None]:
    from configparser import ConfigParser

    file = ConfigParser()
    file.read(Path.home() / ".mlflow" / "credentials")
    return (
        file.get("mlflow", "mlflow_tracking_username", fallback=None),
        file.get("mlflow", "mlflow_tracking_password", fallback=None),
    )


# without it the page opens in the view for chat traces, where a training run is not to be seen
WORKFLOW = "workflowType=machine_learning"


def run_page(pages: str, experiment_id: str, run_id: str) -> str:
    """One run: its parameters, metrics, charts, artifacts."""
    return f"{pages}/#/experiments/{experiment_id}/runs/{run_id}?{WORKFLOW}"


def runs_page(pages: str, experiment_id: str, metric: str = "", *, upwards: bool = False) -> str:
    """The table of a table's runs; sorted by a metric, if there is one: the highest first."""
    from urllib.parse import quote

    order = f"&orderByKey=metrics.%60{quote(metric, safe='')}%60&orderByAsc={str(upwards).lower()}"
    return f"{pages}/#/experiments/{experiment_id}/runs?{WORKFLOW}{order if metric else ''}"


def trials_page(
    pages: str, experiment_id: str, parent: str, metric: str, *, upwards: bool = False
) -> str:
    """The trials of an experiment, the best first: learning curves and metrics of the first ten."""
    from urllib.parse import quote

    words = f"tags.`mlflow.parentRunId` = '{parent}'"
    page = runs_page(pages, experiment_id, metric, upwards=upwards)
    return f"{page}&searchFilter={quote(words, safe='')}&compareRunsMode=CHART"


def compare_page(pages: str, experiment_id: str, run_ids: Sequence[str]) -> str:
    """Runs side by side: parallel coordinates of what they differ in, and their metric."""
    from urllib.parse import quote

    runs, own = (
        quote(json.dumps(list(one), separators=(",", ":")), safe="")
        for one in (run_ids, [experiment_id])
    )
    return f"{pages}/#/compare-runs?runs={runs}&experiments={own}&{WORKFLOW}"
