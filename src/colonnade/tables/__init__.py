"""From bytes to typed, checked, split and standardized rows, and what a table's YAML says of them.

Rooms, each importing only from those after it: `inference`, `features` and `splitting`; `reading`;
`schema`; `writing`. `check` and `profile` look at a table through all of them; `source` says where
one came from. Nothing here knows of networks, of Kedro or of MLflow.
"""
