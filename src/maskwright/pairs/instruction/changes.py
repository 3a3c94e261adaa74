"""What `change`, `let`, `make`, `give` and `paint` say of a thing, where the verb alone tells little."""

from __future__ import annotations

from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.phrases import (
    adjectival,
    adjectives_at_end,
    bare,
    concept,
    first_noun,
    head,
    is_adjective,
    is_doing,
    is_whole,
    lead,
    mark,
    named,
    owner_of,
    phrase_end,
    said_of,
    split_predicate,
    styled,
    unless_whole,
)
from maskwright.pairs.instruction.states import Transformation, added, becomes, located, removed, state, style
from maskwright.pairs.instruction.text import Word, Words, lows
from maskwright.pairs.instruction.verbs import changes_places, draw, move, placed, remove, replace

_BE = Word("be", "be")


def change(words: Words) -> Transformation | None:
    """`change A to B`, `turn A into B`, `change the color of A to B`, `change A from B to C`."""
    if not words or words[0].low.isdigit():
        return None
    first = words[0].low
    if first in ("to", "into"):
        return style((), words[1:]) if styled(words) or adjectival(words[1:]) else None
    if first in ("on", "off") or words[-1].low in ("on", "off"):
        thing = words[1:] if first in ("on", "off") else words[:-1]
        return (
            Transformation("attribute", concept(thing), concept(thing))
            if head(thing) in known.LAMPS
            else None
        )
    if first == "out":  # `edit out the wires`, `switch out the bike for a scooter`
        return replace(words) if mark(words, "with for by", 2) else remove(words)
    if first in ("up", "down") and head(words[1:]) in known.TONES:
        return style(words[1:], words[1:])
    if first in ("up", "down", "left", "right", "around", "over", "in"):
        return None
    if changes_places(words):
        return replace(words)
    if (so := mark(words, "so", 1)) is not None and (
        says := mark(words, "says reads say read", so)
    ) is not None:
        return Transformation("text", concept(words), concept(words[says + 1 :]))
    into = _changed_at(words)
    if not known.WAYS.isdisjoint(lows(words)) and (
        into is None or set(lows(words[into:])) & {"left", "right", "face"}
    ):
        return move(words)
    if into is None:
        return _changed_alone(words)
    old, new = words[:into], words[into + 1 :]
    if "from" in lows(old):
        old = _without_from(old)
    if not bare(new) or not (bare(old) or is_whole(old)):
        return None
    if head(old) == "time" and styled(new):
        return style((), new)
    if head(old) in known.UNSEEN and not any(word.quoted for word in words):
        return None
    if head(old) == "number" and "of" in lows(old):
        return Transformation("add", concept(owner_of(old)), concept(owner_of(old)))
    verbs = known.STRONG | known.WEAK - known.NOUNS_TOO
    if is_doing(new[0].low) or (new[0].low in verbs and not (head(old) in known.TONES and styled(new))):
        return state(old, new)
    return becomes(old, new)


def _changed_at(words: Words) -> int | None:
    """Where `to`, `into`, ... stands before what a thing is changed to; None where that is not said."""
    into = mark(words, "into to for with by as in", first_noun(words))
    if into is None or words[into].low != "in":
        return into
    later = mark(words, "into to", into + 1)
    if later is None and styled(words[into + 1 :]) and not is_whole(words[into + 1 :]):
        return into
    return later


def _without_from(old: Words) -> Words:
    """`the animal from a dog` (to a cat): the dog is meant; `the dress from red` (to blue): the dress."""
    start = lows(old).index("from")
    thing, was = old[:start], old[start + 1 :]
    property_of = known.TONES | known.BACKGROUNDS | known.LOOKS | known.SIGNS
    if lead(was) and not adjectival(bare(was)) and not is_whole(thing) and head(thing) not in property_of:
        return was
    return thing


def _changed_alone(words: Words) -> Transformation | None:
    """`change the background`, `change her hair color`, `turn the apple green`."""
    words = words[: mark(words, "in", 1)]
    noun, owner = head(words), owner_of(words)
    if noun in known.BACKGROUNDS and lead(words):
        return Transformation("background", concept(words))
    if noun in known.TONES and lead(words) and not owner:
        return Transformation("style", concept(words), scope="whole")
    if noun in known.LOOKS | known.BODY and owner:
        return Transformation("attribute", concept(owner))
    place = adjectives_at_end(words)
    return becomes(words[:place], words[place:]) if lead(words) and place < len(words) else None


def set_to(words: Words) -> Transformation | None:
    """`set the background to blue`; else as `place`."""
    to = mark(words, "to", 1)
    if to is not None and head(words[:to]) in known.BACKGROUNDS | known.TONES | known.LOOKS | {"time"}:
        return change(words)
    return placed(words)


def let(words: Words) -> Transformation | None:
    """`let the woman wear a dress`, `let there be a dog`."""
    if not _has_subject(words):
        return None
    if words[0].low == "it" and len(words) > 1 and words[1].low in known.IDLE:
        return None
    split = split_predicate(words)
    if split is None:
        return _without_verb(words)
    return state(*split) if len(split[1]) > 1 or split[1][0].low not in known.IDLE else None


def _has_subject(words: Words) -> bool:
    return bool(words) and words[0].low not in known.IDLE | known.PREPOSITIONS | known.STRONG | {"me", ","}


def _without_verb(words: Words) -> Transformation | None:
    """A subject and what it is, without a verb that is known: `the bears in a zoo`, `the sign removed`."""
    end, first = phrase_end(words), lead(words) + 1
    if lead(words) and end == first < len(words) and words[end].low in known.PREPOSITIONS - {"to", "for"}:
        return located(words[:end], words[end:])
    for place in range(first, len(words)):
        if words[place].low.endswith("ed") or words[place].low in known.MADE:
            return state(words[:place], [_BE, *words[place:]])
    if words[0].low == "it" and styled(words):
        return style((), words[1:])
    if lead(words) and end == first + 1 and words[0].low not in known.INDEFINITE:
        idle = words[first].low in known.UNSEEN | known.IDIOMS | known.IDLE
        if not idle:
            return Transformation("attribute", concept(words[:first]), said_of(words[:first], words[first:]))
    return None


def have(words: Words) -> Transformation | None:
    """As `let`; `have a cat on the bed` adds one, `have a nice day` nothing."""
    if not words:
        return None
    first = words[0].low
    if first == "no":
        return removed(words[1:])
    several = first.endswith("s") and len(words) > 2
    if not (named(words) or several or first in ("there", "it")) or first in ("me", "he", "she", "they"):
        return None
    if first in known.INDEFINITE and head(words) in known.IDIOMS | known.UNSEEN:
        return None
    found = let(words)
    new = first in known.INDEFINITE and found is None and phrase_end(words) < len(words)
    if new or (several and not named(words) and found is not None and found.action == "attribute"):
        return added(words)
    return found


def make(words: Words) -> Transformation | None:
    """`make the floor marble`, `make the skier a boy`, `make it snowy`, `make the cat into a dog`."""
    if words and words[-1].low == "appear":
        return added(words[:-1])
    if (
        not _has_subject(words)
        or words[0].low in ("a", "an", "sure", "no")
        or (not lead(words) and words[-1].low == "again")
    ):
        return None
    split = split_predicate(words)
    into = mark(words, "into like as", 1)
    if into is not None and (split is None or len(split[0]) > into or split[1][0].low in known.TURNING):
        subject = words[:into]
        if is_whole(subject) or words[into].low == "into":
            return becomes(subject, words[into + 1 :])
        return state(subject, [_BE, *words[into:]])
    if head(words) in known.LOOKS and (owner := owner_of(words)) and (to := mark(words, "to", 1)):
        return Transformation("attribute", concept(owner), said_of(owner, words[to + 1 :]))
    whole = words[0].low in ("it", "everything") and len(words) > 1
    if words[0].low == "this" and len(words) > 1:
        whole = is_adjective(words[1]) or styled(words[1:2]) or words[1].low in known.ARTICLES
    if whole and words[1].low in known.PLACING and head(words[2:]) in known.PLACES:
        return located(words[:1], words[1:])
    if whole and words[1].low not in known.STRONG | {"look", "show"}:
        return None if words[1].low in known.IDLE else state(words[:1], [_BE, *words[1:]])
    if split is not None:
        return state(*split)
    place = _said_from(words)
    return None if place is None else state(words[:place], [_BE, *words[place:]])


def _said_from(words: Words) -> int | None:
    """Where begins what a thing is made: a second article, adjectives, or a last word that is not known."""
    first = first_noun(words)
    for place in range(first, mark(words, "while because when so that which who", first) or len(words)):
        joined = words[place - 1].low in known.PREPOSITIONS | {"and", "or", ","}
        if words[place].low in known.ARTICLES | {"another", "two", "three"} and not joined:
            return place
    if (place := adjectives_at_end(words)) < len(words):
        return place
    for place in range(first, len(words)):
        low = words[place].low
        if low in known.PREPOSITIONS - {"of", "on", "in", "with"} and place > first:
            break
        behind = words[place + 1].low if place + 1 < len(words) else ","
        if (is_adjective(words[place]) or styled([words[place]])) and (
            behind in known.PREPOSITIONS | {"and", "instead", ",", "so"}
        ):
            return place
    inner = [place for place in range(first, len(words)) if is_adjective(words[place])]
    if inner and head(words) in known.BODY:
        return inner[0]
    end = phrase_end(words)
    if lead(words) and end == first < len(words) - 1 and words[end].low in ("out", "in", "with", "without"):
        return end
    if lead(words) and (of := mark(words, "with", first)) == first and of + 1 < len(words):
        return of
    return _unknown_last(words, first, end)


def _unknown_last(words: Words, first: int, end: int) -> int | None:
    """`make the giraffe yodel`: the last word is what is said, where the one before it is a noun."""
    last = end - 1
    if last < first or not (lead(words) or first == 1) or is_adjective(words[last - 1]):
        return None
    if (
        words[last - 1].low in known.PREPOSITIONS | known.RANKS
        or words[last].low in known.UNSEEN | known.IDIOMS
    ):
        return None
    return last


def give(words: Words) -> Transformation | None:
    """`give the man a beard`, `give her blue eyes`, `give it a vintage look`."""
    if not named(words) and lows(words)[:1] not in (["it"], ["this"]):
        return None
    first = first_noun(words)
    said = known.INDEFINITE | known.POSSESSIVES
    marks = [i for i in range(first, len(words)) if words[i].low in said]
    if not marks:
        said = known.CLOTHES | known.BODY | known.FACES
        marks = [i for i in range(first, len(words)) if is_adjective(words[i]) or words[i].low in said]
    if not marks:
        return None
    who, what = words[: marks[0]], words[marks[0] :]
    noun = head(what)
    if is_whole(who) and (styled(what) or noun in known.EFFECTS):
        return style((), what)
    if is_whole(who) and words[0].low != "it":
        return added(what)
    if noun in known.IDIOMS | known.UNSEEN or head(who) in known.UNSEEN:
        return None
    if words[0].low == "me" and noun not in known.CLOTHES | known.BODY | known.FACES:
        return None
    if head(who) in known.BACKGROUNDS:
        return Transformation("background", concept(who), concept(what))
    return Transformation("attribute", unless_whole(who), concept(what))


def paint(words: Words) -> Transformation | None:
    """`paint the wall blue`, `paint a mural on the wall`, `paint it as a watercolor`."""
    if words and words[0].low in known.INDEFINITE:
        return draw(words)
    if not words or words[0].low == "me":
        return None
    if not named(words) and words[0].low not in ("it", "this", "everything"):
        return None
    place = adjectives_at_end(words)
    if place == len(words):
        place = _adjective_inside(words) or phrase_end(words)
    subject, rest = words[:place], words[place:]
    while rest and rest[0].low in ("in", "with", "to", "as", "like", "into"):
        rest = rest[1:]
    if head(subject) in known.UNSEEN or not bare(rest):
        return None
    if is_whole(subject):
        return style((), rest) if styled(rest) else Transformation("attribute", "", said_of((), rest))
    return Transformation("attribute", concept(subject), said_of(subject, rest))


def _adjective_inside(words: Words) -> int:
    """Where an adjective stands that no noun follows; 0 where there is none."""
    for place in range(lead(words) + 1, len(words)):
        behind = words[place + 1].low if place + 1 < len(words) else "and"
        if is_adjective(words[place]) and behind in known.PREPOSITIONS | {"and", ","}:
            return place
    return 0


def show(words: Words) -> Transformation | None:
    """`show the dog wearing a hat`; who shows somebody something edits nothing."""
    behind = words[phrase_end(words) :]
    if words and words[0].low in known.INDEFINITE and behind and behind[0].low in known.PLACING:
        return added(words)
    split = split_predicate(words)
    return state(*split) if split and lead(words) and is_doing(split[1][0].low) else None
