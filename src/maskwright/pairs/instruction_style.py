"""All of a picture and how it looks: weather, time, light, a way of painting; and whose a property is."""

from __future__ import annotations

from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_phrases import bare, concept, lows, mark, phrase, written
from maskwright.pairs.instruction_text import Words
from maskwright.pairs.instruction_values import Transformation

_OF_ALL = known.wordset("entire whole given input original overall")
_BEFORE_STYLE = known.BE | known.wordset(
    "as if like look to into in though it it's painted drawn made taken by has had been appear at"
)
"""What stands before the name of a style."""


def is_whole(words: Words) -> bool:
    """Whether a noun phrase means all of the picture: `it`, `the whole image`, `the photo of a dog`."""
    if len(words) == 1 and words[0].low in ("it", "this", "that", "everything"):
        return True
    found = [word.low for word in bare(phrase(words)) if word.low not in _OF_ALL]
    return bool(found) and found[0] in known.PICTURES and found[1:2] in ([], ["of"])


def styled(words: Words) -> bool:
    """Whether words speak of weather, time, light or a way of painting."""
    found = lows(words)
    if any(len(low) == 5 and low[:4].isdigit() and low[4] == "s" for low in found):  # the 1920s
        return True
    return not (known.TIMES | known.MEDIA | known.MAKERS | {"style", "styled"}).isdisjoint(found)


def style(original: Words, target: Words) -> Transformation | None:
    """All of the picture looks like target; `original` is the property that is named: weather, lighting."""
    while target and target[0].low in _BEFORE_STYLE:
        target = target[1:]
    if styled(target) and not styled(phrase(target)):
        target = target[next(i for i, word in enumerate(target) if styled([word])) :]
    if not bare(target):
        return None
    original = original[: mark(original, "of", 1)]
    property_of = "" if is_whole(original) else concept(original)
    return Transformation("style", property_of, concept(target) or written(bare(target)), "whole")


def owner_of(words: Words) -> Words:
    """What has the property that words name: `color of the dress`, `dress color`, `the man's pose`."""
    of = mark(words, "of", 1)
    if of is not None:
        return phrase(words[of + 1 :])
    plain = bare(phrase(words))
    if len(plain) > 1 and plain[-1].low in known.LOOKS:
        return [word for word in plain[:-1] if word.low != "facial"]
    return words[:1] if words and words[0].low in known.POSSESSIVES - {"its"} else ()
