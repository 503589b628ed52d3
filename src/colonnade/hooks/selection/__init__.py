"""Which nodes of a table's pipeline run: those asked for, less those whose results stand.

Modules, each importing only from those after it: `reuse_hooks`, `reuse`, `fingerprints`;
`partial_runs` and `runners` stand beside them. Kedro's own runners do the work.
"""
