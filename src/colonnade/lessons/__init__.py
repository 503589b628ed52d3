"""The course in `notebooks/`: its figures, and how its lessons are run and rendered."""
