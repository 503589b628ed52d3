"""Guess what the columns of a new table mean, with reasons, and write it down as YAML.

Imports `reading` and `schema`; `profile`, pipelines and commands import it.
"""
