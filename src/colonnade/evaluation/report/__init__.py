"""The report of a run: one page, a model card, and the figures and sentences they share.

Imports everything else in `evaluation`; only pipelines and commands import it.
"""
