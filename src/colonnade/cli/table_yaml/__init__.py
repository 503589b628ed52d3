"""The YAML of one table: written, checked, listed and removed.

Imports the pipelines' parameter groups, the table names, `training.prepare` and `tables`; only
`cli.table` imports it.
"""
