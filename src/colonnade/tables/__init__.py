"""What the columns mean: schema, ingest, split, standardize."""
