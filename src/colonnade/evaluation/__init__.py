"""What the model learned: metrics, baselines, figures, report."""
