"""Which rows of corpora a dataset is made of: conditions, their funnel, and the selection that is kept."""
