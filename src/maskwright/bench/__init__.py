"""Annotators against baselines, and the demonstration."""
