"""What others call forged and authentic."""

from __future__ import annotations

from typing import Any

WORDS = {
    "authentic": ("authentic", "real", "au", "original", "pristine", "0_real", "untouched", "genuine"),
    "forged": ("forged", "fake", "tp", "tampered", "manipulated", "edited", "1_fake", "spliced", "inpainted"),
}
"""Our label -> words for it, in small letters, as folders and label columns have them."""

_LABELS = {word: label for label, words in WORDS.items() for word in words}


def label_of(word: Any) -> str | None:
    """The label a word means; None for a word (or a number) that says nothing.

    >>> label_of("Fake"), label_of(1)
    ('forged', None)
    """
    return _LABELS.get(word.strip().lower()) if isinstance(word, str) else None
