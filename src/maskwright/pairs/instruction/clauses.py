"""Instructions without an imperative: `the dog should be a wolf`, `in the style of Van Gogh`, wishes; and two
captions with an arrow between them, where what differs is what was edited.
"""

from __future__ import annotations

import re

from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.changes import make
from maskwright.pairs.instruction.phrases import (
    adjectival,
    bare,
    concept,
    head,
    is_doing,
    lead,
    mark,
    phrase_end,
    said_of,
    split_predicate,
    styled,
)
from maskwright.pairs.instruction.states import (
    ADDED,
    MOVED,
    REMOVED,
    REPLACED,
    Transformation,
    added,
    located,
    removed,
    state,
    style,
)
from maskwright.pairs.instruction.text import Word, Words, lows, sentences

_LONGEST_SUBJECT = 8
"""Words of a subject, with what says where it is."""
_SEEN = known.HAVE | known.wordset("wear hold look become turn say read disappear sit stand face")
"""Verbs of what may be seen."""
_SEEN_TO_BE = (
    (known.ADJECTIVES | known.TIMES | known.MEDIA | known.ARTICLES | known.PLACING)
    | (REPLACED | REMOVED | ADDED | MOVED)
    | known.wordset("more made covered filled painted dyed dressed")
)
_ART = known.MEDIUM_NOUNS | known.wordset("painting drawing mosaic style filter")
_SHORT = 10
"""Words of a fragment that is an instruction; longer ones are captions."""


def clause_of(words: Words, *, free: bool, modal: bool = False) -> Transformation | None:
    """A whole clause: a subject and what it is to do, `the sky to be blue`, `the dog should be a wolf`.

    Args:
        free: any verb will do, since what stands before says that it is a wish.
        modal: only behind `should`.
    """
    short = modal and len(words) < _SHORT  # `sky should be purple`
    if not words or not (_may_be_subject(words) or short):
        return None
    if not modal and words[0].low == "it" and styled(words[1:]):
        return style((), words[1:])
    split = _split_modal(words, to=free) or (None if modal else split_predicate(words))
    if split is None:
        return None
    subject, predicate = split
    if lows(predicate) == ["go"] and lead(subject):
        return removed(subject)
    if lows(predicate)[:2] == ["not", "be"] and lows(predicate)[2:3] in (["there"], ["visible"], ["here"]):
        return removed(subject)
    if (
        len(subject) > _LONGEST_SUBJECT
        or head(subject) in known.UNSEEN
        or not (free or words[0].low == "there" or _visible(predicate))
    ):
        return None
    return state(subject, predicate)


def _may_be_subject(words: Words) -> bool:
    first = words[0].low
    return (
        first in known.DETERMINERS | known.PERSONS | {"it", "there", "everything"} - {"me"} or "'s" in first
    )


def _split_modal(words: Words, *, to: bool) -> tuple[Words, Words] | None:
    """Subject and predicate around `should`, `needs to`, and `to` where that is asked for."""
    for place in range(1, len(words) - 1):
        low, after = words[place].low, words[place + 1].low
        if low == "ought" and after == "to" and place + 2 < len(words):
            return words[:place], words[place + 2 :]
        if (
            low in known.MODALS
            or (to and low == "would")
            or (to and low == "to" and after in known.STRONG | known.WEAK)
        ):
            return words[:place], words[place + 1 :]
        if low == "needs" and after == "to" and place + 2 < len(words):
            return words[:place], words[place + 2 :]
    return None


def _visible(predicate: Words) -> bool:
    """Whether what is said of a subject may be seen: `be red`, not `be interpreted`."""
    verb, rest = predicate[0].low, predicate[1:]
    if verb not in known.BE:
        return verb in _SEEN
    if not rest:
        return False
    if rest[0].quoted:
        return True
    low = rest[0].low
    stem = low.removesuffix("ing")
    acts = not {stem, stem + "e", stem[:-1]}.isdisjoint(known.STRONG | known.WEAK)
    return low in _SEEN_TO_BE or (is_doing(low) and (len(rest) > 1 or acts))


def wanted(words: Words) -> Transformation | None:
    """`I want the sky blue`, `I'd like a dog on the sofa`."""
    if lows(words)[:1] == ["no"]:
        return removed(words[1:])
    if not words or words[0].low not in known.INDEFINITE:
        return make(words)
    where = words[phrase_end(words) :]
    placed = where and where[0].low in known.PLACING | known.BESIDE and lead(where[1:])
    return added(words) if placed else None


def counted(words: Words) -> Transformation | None:
    """`the number of camels increases to two`."""
    if lows(words)[:3] != ["the", "number", "of"]:
        return None
    more, less = mark(words, "increases increased", 3), mark(words, "decreases decreased", 3)
    if more is not None:
        return Transformation("add", "", concept(words[3:more]))
    return Transformation("remove", concept(words[3:less])) if less is not None else None


def imagined(words: Words) -> Transformation | None:
    """`(what would) the man look like with a beard`."""
    look = mark(words, "look", 1)
    if look is None or not _may_be_subject(words) or lows(words)[look + 1 : look + 2] != ["like"]:
        return None
    return located(words[:look], words[look + 2 :]) if words[look + 2 :] else None


def fragment(words: Words) -> Transformation | None:
    """Without a verb: `as if painted by Monet`, `in the style of Van Gogh`, `a cat instead of a dog`."""
    found = lows(words)
    instead = mark(words, "instead", 1)
    if instead is not None and found[instead + 1 : instead + 2] == ["of"]:
        new, old = words[:instead], words[instead + 2 :]
        if lead(new) and lead(old) and phrase_end(new) == len(new):
            return Transformation("replace", concept(old), concept(new))
    if (passive := _passive(words)) is not None:
        return passive
    if found[:2] == ["no", "more"] and phrase_end(words[2:]) == len(words) - 2:
        return removed(words[2:])
    if found[0] in ("more", "less") and len(words) < 5 and head(words) in known.TONES:
        return style((), words)
    if found == ["black", "and", "white"]:
        return style((), words)
    if found[0] == "more" and len(words) < _SHORT and head(words).endswith("s"):
        return added(words)
    if found[-1] == "background" and 1 < len(words) < 5 and phrase_end(words) == len(words):
        return added(words)
    if found[:2] in (["as", "if"], ["as", "though"]):
        said = styled(words) or not {"painted", "drawn", "taken", "made"}.isdisjoint(found)
        return style((), words[2:]) if said else None
    if found[:2] == ["if", "it"] and found[2:3] in (["were"], ["was"]) and styled(words[3:]):
        return style((), words[3:])
    if found[:4] == ["in", "the", "style", "of"]:
        return style((), words[4:])
    if len(words) < _SHORT and found[0] in ("as", "in", "with", "like") and _names_art(words[1:]):
        return style((), words[1:])
    if found[-1] in ("style", "look") and len(words) < _SHORT and styled(words[:-1]) and not lead(words):
        return style((), words)
    return None


def _passive(words: Words) -> Transformation | None:
    """`the dog replaced with a cat`, `the sky is replaced by a galaxy`."""
    place = next((i for i in range(1, len(words)) if words[i].low in REPLACED), None)
    if place is None or len(words) > 2 * _SHORT or mark(words, "with by into to", place + 1) != place + 1:
        return None
    subject = words[: place - 1] if words[place - 1].low in ("is", "are", "gets") else words[:place]
    if phrase_end(subject) < len(subject):
        return None
    return state(subject, words[place - 1 :] if len(subject) < place else [Word("be", "be"), *words[place:]])


def _names_art(words: Words) -> bool:
    """Whether words name a way of painting and no more: `a watercolor`, `anime style`, `a Picasso`."""
    found = lows(words)
    if phrase_end(words) < len(words) and found[phrase_end(words)] not in ("by", "of", "from"):
        return False
    if not known.MAKERS.isdisjoint(found) or found[-2:] == ["comic", "book"]:
        return bool(lead(words))
    return head(words) in _ART


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


def _noun_before(words: Words) -> Words:
    """The last noun phrase of words, without what it is in: behind the last preposition, verb or article."""
    place = len(words)
    while place and words[place - 1].low not in known.PREPOSITIONS | known.ARTICLES | known.BE | known.JOINTS:
        if is_doing(words[place - 1].low):
            break
        place -= 1
    return words[place:] or words[: max(place - 1, 0)]


def _more(common: Words, new: Words, behind: Words) -> Transformation | None:
    if adjectival(new) and behind and not is_doing(new[0].low):
        thing = behind[:1]
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
        thing = behind[:1]
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
        thing = behind[:1]
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
