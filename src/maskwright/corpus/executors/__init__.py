"""Ways to map one function over parts."""
