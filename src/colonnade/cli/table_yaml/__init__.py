"""The YAML of one table: written, checked, listed and removed.

Imports the pipelines' parameter groups and `tables`; only `cli.table` imports it.
"""
