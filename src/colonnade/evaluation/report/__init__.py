"""The report of a run: one page, a model card, and the figures and sentences they share.

A section is data in `content`, words in `wording`, and its place in report.html; `summary` is the
page's beginning. Imports everything else in `evaluation`; pipelines, commands and tracking import
it.
"""
