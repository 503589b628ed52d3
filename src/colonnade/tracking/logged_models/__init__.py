"""A trained model as MLflow keeps and serves it: a folder without a pickle.

Imports nothing else of `tracking`.
"""
