"""What a run says: its stages with their time and number, how far it is, and the verdict.

`log_hooks` hears of the run, `stages` and `stage_facts` make of it what is said, `verdict_panel`
judges; `log_lines` writes plain lines to the log, `terminal` draws. Rich is imported when a
terminal is drawn on.
"""

from colonnade.hooks.run_log.log_hooks import LogHooks, close_views, tables_in_turn

__all__ = ["LogHooks", "close_views", "tables_in_turn"]
