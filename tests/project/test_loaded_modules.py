"""Which heavy packages each command may load: what it waits for before it says a word."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
HEAVY = {
    *("torch", "sklearn", "scipy", "pandas", "numpy", "pyarrow", "matplotlib", "mlflow"),
    *("sqlalchemy", "kedro_datasets", "fastapi", "optuna", "ray"),
}
CODE = """
    import sys
    from kedro.framework.cli.cli import main
    try:
        main()
    finally:
        print("\\nloaded:", *sorted(set({heavy!r}) & set(sys.modules)))
"""
COMPLETION = {"_KEDRO_COMPLETE": "bash_complete", "COMP_WORDS": "kedro ta", "COMP_CWORD": "1"}


@pytest.mark.parametrize(
    ("words", "completion", "said"),
    [
        (["--version"], {}, "kedro, version"),
        (["table", "list"], {}, "phone_price"),
        (["table", "add", "--help"], {}, "--target"),
        ([], COMPLETION, "plain,table"),
    ],
)
def test_quick_command_loads_no_heavy_package(words, completion, said):
    code = textwrap.dedent(CODE).format(heavy=sorted(HEAVY))
    start = f"import sys; sys.argv = ['kedro', *sys.argv[1:]]\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", start, *words],
        cwd=REPOSITORY,
        env={**os.environ, "KEDRO_DISABLE_TELEMETRY": "1", "COLUMNS": "120", **completion},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said in done.stdout, done.stderr
    assert done.stdout.strip().splitlines()[-1] == "loaded:"
