"""Kedro's project settings: hooks, and which configuration files are read."""

from colonnade.hooks import (
    LogHooks,
    ModelFolderHooks,
    NameHooks,
    ReuseHooks,
    RunLockHooks,
    TrackingHooks,
)

_log = LogHooks()
# Kedro calls the last one first: a run waits for the lock before its record begins
HOOKS = (
    NameHooks(),
    TrackingHooks(_log),
    _log,
    ReuseHooks(),
    RunLockHooks(),
    ModelFolderHooks(),
)

CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    "config_patterns": {
        "tables": ["tables*"],
        "mlflow": ["mlflow*"],
        "experiments": ["experiments/**"],
    },
    # soft: one key in conf/local changes that key, not the whole group of its table
    "merge_strategy": {"parameters": "soft", "tables": "soft", "mlflow": "soft"},
}
