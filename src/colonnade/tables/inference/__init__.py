"""Guess what the columns of a new table mean, with reasons, and write it down as YAML.

Imports `schema` and `source`; only `profile` and the commands import it.
"""
