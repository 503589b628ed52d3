"""What the notebooks beside it share: figures of their own, and how they are run and rendered."""
