"""Which pictures show the same photograph, so that none is in two splits or in a test set."""
