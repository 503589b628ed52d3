"""Metrics of tables of many rows: one sort for all areas, blocks instead of rows."""
