"""Pair in, change map out. One file an annotator."""
