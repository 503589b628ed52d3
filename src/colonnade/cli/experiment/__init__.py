"""`kedro experiment`: its words, and what is done with them."""
