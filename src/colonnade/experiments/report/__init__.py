"""The page that tells what an experiment found. Imports from `experiments` and below."""

from colonnade.experiments.report.experiment_page import experiment_html

__all__ = ["experiment_html"]
