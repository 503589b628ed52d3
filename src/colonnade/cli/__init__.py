"""The project's commands, one module a group, with a user's mistakes reported in plain words.

Kedro looks for `cli` and `run` here. May import everything; nothing imports it.
"""

from colonnade.cli.main import cli, run

__all__ = ["cli", "run"]
