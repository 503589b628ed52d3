"""Recording a run while it goes on: a journal on disk, and a process that applies it to MLflow.

Imports `comparison.ranking` and `comparison.shared_view` for what a run's page shows first, and
what stands below them; nothing imports it but hooks and commands.
"""
