"""Kedro hooks, one module a concern.

Every `kedro` command imports this room, so that heavy packages are imported where they are needed.
May import pipelines and everything below them; only Kedro's settings and commands import it.
"""

from colonnade.hooks.model_folders import ModelFolderHooks
from colonnade.hooks.name_checks import NameHooks
from colonnade.hooks.run_lock import RunLockHooks
from colonnade.hooks.run_log import LogHooks
from colonnade.hooks.selection.reuse_hooks import ReuseHooks
from colonnade.hooks.tracking_hooks import TrackingHooks

__all__ = [
    "LogHooks",
    "ModelFolderHooks",
    "NameHooks",
    "ReuseHooks",
    "RunLockHooks",
    "TrackingHooks",
]
