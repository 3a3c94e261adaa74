"""What we make of a pair: a change map, a mask, its scores and a verdict."""
