"""Kernels without the seconds of imports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.forked import Forked, Server

# No more than colonnade itself imports: a lesson has to import what it uses.
MODULES = ["ipykernel.kernelapp", "matplotlib.backends.backend_agg", "pandas", "torch"]
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
ENVIRONMENT = {
    # As a kernel would set it before the first import of Matplotlib.
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "PYTHONPATH": os.pathsep.join(filter(None, [str(NOTEBOOKS), os.environ.get("PYTHONPATH")])),
}


@pytest.fixture(scope="session", autouse=True)
def home_of_jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A folder for what IPython and Jupyter keep: this user may have no home to write to."""
    folder = tmp_path_factory.mktemp("jupyter")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(folder / name.lower()))
        yield


@pytest.fixture(scope="session")
def forked_kernels(home_of_jupyter: None) -> Iterator[None]:
    """Have Jupyter's kernels forked from one process that has torch in memory."""
    from jupyter_client.provisioning import local_provisioner

    server = Server(MODULES, **ENVIRONMENT)

    def launch(command: list[str], cwd: str, env: dict[str, str], **_: Any) -> Forked:
        return server.start(command[1:], cwd, env, 1, 2)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_provisioner, "launch_kernel", launch)
        yield
    server.close()
