"""Where pairs come from: a folder, a table, a Parquet file. One file a kind of source."""
