from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from colonnade.errors import ParameterError
from colonnade.tracking.tracking_params import TrackingParams, without_password

if TYPE_CHECKING:
    from pathlib import Path


def test_bare_off_in_yaml_is_a_mode() -> None:
    assert TrackingParams.model_validate({"mode": False}).mode == "off"


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ParameterError, match="`mode`: Input should be 'required', 'optional'"):
        TrackingParams.model_validate({"mode": "sometimes"})


def test_relative_store_lies_in_the_project(tmp_path: Path) -> None:
    assert TrackingParams().located(tmp_path).uri == f"sqlite:///{tmp_path}/mlflow.db"
    assert TrackingParams(uri="sqlite:////x/y.db").located(tmp_path).uri == "sqlite:////x/y.db"


def test_environment_names_another_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5001")
    located = TrackingParams().located(tmp_path)
    assert located.uri == "http://127.0.0.1:5001"
    assert located.pages == "http://127.0.0.1:5001"


def test_password_is_not_printed() -> None:
    assert without_password("https://me:secret@host:1/path") == "https://host:1/path"
    assert TrackingParams(uri="http://me:secret@host").pages == "http://host"
