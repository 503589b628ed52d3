"""What hooks send to MLflow: of a table's run, and of an experiment's trials."""
