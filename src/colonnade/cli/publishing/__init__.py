"""What leaves the project: the graph as pages, a model behind an address or as a file."""
