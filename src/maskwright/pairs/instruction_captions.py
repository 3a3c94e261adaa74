"""Two captions with an arrow between them: what differs is what was edited."""

from __future__ import annotations

import re

from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_phrases import adjectival, bare, concept, head, is_doing, lows, said_of
from maskwright.pairs.instruction_style import styled
from maskwright.pairs.instruction_text import Word, Words, sentences
from maskwright.pairs.instruction_values import Transformation

ARROW = re.compile(r"\s*(?:[-=]{1,3}>+|→|⇒|⟶|➔|➡️?)\s*")
"""Between what was and what is."""
_WORN = frozenset(["wearing", "holding", "carrying", "riding", "dressed", "eating", "reading"])


def captions(text: str) -> Transformation | None:
    """What was edited by two captions; None where there are not two, or they are the same."""
    parts = ARROW.split(text)
    if len(parts) != 2:
        return None
    before, after = (_words(part) for part in parts)
    if not before or not after:
        return None
    start, end = 0, 0
    while start < min(len(before), len(after)) and _same(before[start], after[start]):
        start += 1
    while end < min(len(before), len(after)) - start and _same(before[-1 - end], after[-1 - end]):
        end += 1
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    common, behind = after[:start], after[len(after) - end :]
    if not (common or behind) and not _plain_words(before, after):
        return None
    if not old and not new:
        return None
    if not old:
        return _more(common, new, behind)
    if not new:
        return _less(common, old, behind)
    return _other(common, old, new, behind)


def _same(first: Word, second: Word) -> bool:
    return first.low == second.low and (not first.quoted or first.text == second.text)


def _words(text: str) -> list[Word]:
    found = [word for sentence in sentences(text) for word in sentence.words if word.low != ","]
    return found if any(len(word.text) > 2 and word.text.isalpha() for word in found) else []


def _plain_words(before: Words, after: Words) -> bool:
    """Whether captions that share nothing name things: `horse -> camel`, not `Home -> Settings`."""
    named = [word for words in (before, after) for word in words[:1]]
    return all(word.text.islower() for word in named) or all(len(words) > 2 for words in (before, after))


def _noun_before(words: Words) -> list[Word]:
    """The last noun phrase of words, without what it is in: behind the last preposition, verb or article."""
    place = len(words)
    while place and words[place - 1].low not in known.PREPOSITIONS | known.ARTICLES | known.BE | known.JOINTS:
        if is_doing(words[place - 1].low):
            break
        place -= 1
    return list(words[place:]) or list(words[: max(place - 1, 0)])


def _noun_behind(words: Words) -> list[Word]:
    return list(words[:1])


def _more(common: Words, new: Words, behind: Words) -> Transformation | None:
    if adjectival(new) and behind and not is_doing(new[0].low):
        thing = _noun_behind(behind)
        return Transformation("attribute", concept(thing), concept([*new, *thing]))
    thing = _noun_before(common)
    first = new[0].low
    if styled(new):
        return Transformation("style", "", _styled_as(new), "whole")
    if (first in _WORN or is_doing(first)) and bare(thing):
        return Transformation("attribute", concept(thing), said_of(thing, new))
    if first in known.PLACING and set(lows(new)) & (known.CLOTHES | known.COLOURS):
        return Transformation("attribute", concept(thing), said_of(thing, new))
    if first in known.PLACING:
        return Transformation("background", concept(thing), concept(new[1:]))
    named = concept(new[1:] if first in ("with", "and", "next", "beside", "near") else new)
    return Transformation("add", "", named) if named else None


def _less(common: Words, old: Words, behind: Words) -> Transformation | None:
    if adjectival(old) and behind and not is_doing(old[0].low):
        thing = _noun_behind(behind)
        return Transformation("attribute", concept([*old, *thing]), concept(thing))
    named = concept(old[1:] if old[0].low in known.PREPOSITIONS | _WORN | {"and"} else old)
    return Transformation("remove", named) if named else None


def _other(common: Words, old: Words, new: Words, behind: Words) -> Transformation | None:
    old, new = old[_articles(old) :], new[_articles(new) :]
    if not old or not new:
        return None
    if old[-1].quoted and new[-1].quoted:
        return Transformation("text", concept(old), concept(new))
    if head(new) in known.ART_NOUNS or head(old) in known.PICTURES or (styled(new) and styled(old)):
        return Transformation("style", "", _styled_as(new), "whole")
    if adjectival(old) and adjectival(new):
        if not behind or behind[0].low in known.PREPOSITIONS | known.DETERMINERS:
            thing = _noun_before(common)
            return Transformation("attribute", concept(thing), said_of(thing, new)) if bare(thing) else None
        thing = _noun_behind(behind)
        return Transformation("attribute", concept([*old, *thing]), concept([*new, *thing]))
    if old[0].low in known.PLACING and new[0].low in known.PLACING:
        return Transformation("background", concept(old[1:]), concept(new[1:]))
    if is_doing(new[0].low) or is_doing(old[0].low):
        thing = _noun_before(common)
        if bare(thing):
            return Transformation("attribute", concept(thing), said_of(thing, new))
    where = next((word.low for word in reversed(common) if word.low not in known.ARTICLES), "")
    if where in known.PLACING and {head(old), head(new)} & known.PLACES:
        return Transformation("background", concept(old), concept(new))
    if not concept(old) or not concept(new):
        return None
    return Transformation("replace", concept(old), concept(new))


def _articles(words: Words) -> int:
    """How many articles words begin with: what differs may be `a red` and `an orange`."""
    return next((i for i, word in enumerate(words) if word.low not in known.ARTICLES), len(words))


def _styled_as(new: Words) -> str:
    return concept(new) or concept(new[1:])
