"""Miniatures of published corpora, written from their cards and from the code that loads them.

Nothing here knows the presets: what a preset gets wrong must not be wrong here, too.
"""
