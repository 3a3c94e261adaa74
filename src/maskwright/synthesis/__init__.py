"""Photographs in, pairs with known masks out: regions, edits, corruptions."""
