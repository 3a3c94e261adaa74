"""What the verb that an instruction begins with makes of the words behind it."""

from __future__ import annotations

from collections.abc import Callable

from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_phrases import (
    adjectival,
    adjectives_at_end,
    bare,
    concept,
    first_noun,
    head,
    is_adjective,
    is_doing,
    lead,
    lows,
    phrase,
    phrase_end,
    said_of,
    split_predicate,
)
from maskwright.pairs.instruction_states import (
    added,
    becomes,
    is_whole,
    located,
    owner_of,
    removed,
    state,
    style,
    styled,
    written_there,
)
from maskwright.pairs.instruction_text import Word, Words
from maskwright.pairs.instruction_values import Transformation

Rule = Callable[[Words], Transformation | None]

_BE = Word("be", "be")
_RANKS = frozenset(
    ["right", "same", "first", "best", "final", "next", "last", "new", "only", "other", "second", "third", "most", "whole", "main"]
)
_IDIOMS = frozenset(
    ["seat", "look", "day", "time", "night", "weekend", "trip", "break", "fun", "rest", "chat", "talk", "try", "nap", "blast", "word", "call", "hand", "idea", "go", "birthday", "evening", "morning", "holiday", "conversation", "problem", "deal", "lunch", "breakfast", "dinner"]
)


def add(words: Words) -> Transformation | None:
    """`add a dog`, `add color to the dress`."""
    if not words or words[0].low in known.PERSONS | known.JOINTS | {"up", "to", "it", "and", "or"}:
        return None
    if words[0].low in known.PREPOSITIONS:  # `add in a dog`; `add to the table a dog` is not understood
        return added(words[1:]) if words[0].low == "in" else None
    return added(words)


def insert(words: Words) -> Transformation | None:
    """As `add`, where the thing has an article: `insert a dog`, and not `insert coin`."""
    return add(words) if lead(words) else None


def remove(words: Words) -> Transformation | None:
    """`remove the sign`, `take the hat off the man`."""
    if not words or words[0].low in (known.PREPOSITIONS | known.JOINTS | {"and", "or"}) - {
        "out",
        "off",
        "away",
    }:
        return None
    if words[0].low in ("out", "off", "away", "all") and len(words) > 1:
        words = words[1:] if words[0].low != "all" else words
    return removed(words) if words[0].low not in {"it", "from"} else None


def taken(words: Words) -> Transformation | None:
    """`take away the tree`, `take the hat off`; other things that are taken are not edits."""
    marks = {"away", "off", "out"}
    if words and words[0].low in marks:
        return removed(words[1:]) if len(words) > 1 and head(words[1:]) not in ("trash", "garbage") else None
    end = phrase_end(words)
    if end and end < len(words) and words[end].low in marks:
        return removed(words)
    return None


def cut(words: Words) -> Transformation | None:
    """`cut out the tree`, `wipe the graffiti off the wall`: where what is cut goes."""
    return taken(words) if lead(words) or lows(words)[:1] in (["out"], ["off"], ["away"]) else None


def rid(words: Words) -> Transformation | None:
    """`get rid of the tree`, `get the dog to sit`."""
    found = lows(words)
    if found[:2] == ["rid", "of"]:
        return removed(words[2:])
    return None


def replace(words: Words) -> Transformation | None:
    """`replace A with B`, `swap A and B`, `replace A, with B`."""
    split = _at(words, ("with", "by", "for", "to", "into", "and"), behind=first_noun(words))
    if split is None:
        noun = head(words)
        if noun in known.BACKGROUNDS and lead(words):
            return Transformation("background", concept(words))
        return None
    old, new = words[:split], words[split + 1 :]
    if {"positions", "places", "position"} & set(lows(old)):
        return Transformation(
            "move",
            concept(words[lows(words).index("of") + 1 :]) if "of" in lows(words) else concept(new),
            concept(new),
        )
    if words[split].low == "and":
        return Transformation("replace", concept(old), concept(new)) if lead(old) and lead(new) else None
    return _replaced(old, new)


def _replaced(old: Words, new: Words) -> Transformation | None:
    if not bare(old) or not bare(new):
        return None
    found = becomes(old, new)
    if found is not None and found.action == "attribute" and not _recoloured(old, new):
        return Transformation("replace", concept(old), concept(new))
    return found


def _recoloured(old: Words, new: Words) -> bool:
    return bool(set(lows(new)) & (known.COLOURS | known.MATERIALS | known.SIZES | known.PATTERNS))


def substitute(words: Words) -> Transformation | None:
    """`substitute A with B` as replace; `substitute B for A` the other way round."""
    split = _at(words, ("for",), behind=first_noun(words))
    if split is not None and _at(words, ("with", "by"), behind=1) is None:
        return _replaced(words[split + 1 :], words[:split])
    return replace(words)


def use(words: Words) -> Transformation | None:
    """`use a cat instead of the dog`."""
    found = lows(words)
    return added(words) if "instead" in found else None


def change(words: Words) -> Transformation | None:
    """`change A to B`, `turn A into B`, `change the color of A to B`, `change A from B to C`."""
    first = lows(words)[0] if words else ""
    if not words or first in ("up", "down", "left", "right", "around", "over", "in", "out", "to", "into"):
        return style((), words[1:]) if first in ("to", "into") and styled(words) else None
    if first.isdigit():
        return None
    if first in ("on", "off") or lows(words)[-1] in ("on", "off"):
        return _switched(words[1:] if first in ("on", "off") else words[:-1])
    into = _at(words, ("into", "to", "for", "with", "by", "as", "in"), behind=first_noun(words))
    turned = {
        "around",
        "upside",
        "clockwise",
        "counterclockwise",
        "sideways",
        "left",
        "right",
        "degrees",
        "over",
    }
    if set(lows(words)) & turned and (into is None or set(lows(words[into:])) & {"left", "right", "face"}):
        return move(words) if lead(words) or words[0].low in known.PERSONS else None
    if into is None:
        return _changed_alone(words)
    if words[into].low == "in" and into + 1 < len(words):
        later = _at(words, ("into", "to"), behind=into + 1)
        if later is not None:
            into = later
        elif is_whole(words[into + 1 :]) or not styled(words[into + 1 :]):
            return _changed_alone(words[:into])
    old, new = words[:into], words[into + 1 :]
    if not new or not bare(new):
        return None
    if "from" in lows(old):
        start = lows(old).index("from")
        old, was = old[:start], old[start + 1 :]
        if not old:
            return None
        if bare(was) and not adjectival(bare(was)) and not is_whole(old) and not owner_of(old) and head(old) not in (
            known.TONES | known.BACKGROUNDS | known.LOOKS | known.SIGNS):  # fmt: skip
            old = was if lead(was) else old
    if head(old) in known.UNSEEN and not any(word.quoted for word in words):
        return None
    if head(old) == "number" and "of" in lows(old):
        return Transformation("add", concept(owner_of(old)), concept(owner_of(old)))
    if head(old) in known.TONES and styled(new):
        return becomes(old, new)
    if new[0].low in known.BE | known.HAVE | known.STRONG | known.WEAK - {
        "dress",
        "fish",
        "light",
        "ski",
        "surf",
        "crash",
        "row",
        "sail",
        "swing",
        "watch",
        "drink",
        "kiss",
        "punch",
        "skate",
        "slide",
        "style",
        "text",
        "form",
        "post",
        "paint",
    }:
        return state(old, new)  # fmt: skip
    if is_doing(new[0].low) or (new[0].low == "the" and head(new) in ("left", "right")):
        return state(old, new) if is_doing(new[0].low) else move(words)
    return becomes(old, new)


def _switched(words: Words) -> Transformation | None:
    if head(words) in (
        "light",
        "lights",
        "lamp",
        "lamps",
        "headlights",
        "candles",
        "fireplace",
        "stove",
        "lantern",
    ):
        return Transformation("attribute", concept(words), concept(words))
    return None


def _changed_alone(words: Words) -> Transformation | None:
    """`change the background`, `change her hair color`: it is not said to what."""
    noun = head(words)
    if noun in known.BACKGROUNDS and lead(words):
        return Transformation("background", concept(words))
    if noun in known.TONES and lead(words) and not owner_of(words) and "of" not in lows(words):
        return Transformation("style", concept(words), "", "whole")
    owner = owner_of(words)
    if noun in known.LOOKS | known.BODY and owner:
        return Transformation("attribute", concept(owner))
    place = adjectives_at_end(words)
    if lead(words) and place < len(words):
        return becomes(words[:place], words[place:])
    return None


def let(words: Words) -> Transformation | None:
    """`let the woman wear a dress`, `have the bears sit on a bed`, `let there be a dog`."""
    if not words or not _is_subject(words):
        return None
    if words[0].low == "it" and len(words) > 1 and words[1].low in known.IDLE:
        return None
    split = split_predicate(words)
    if split is not None and split[0]:
        if split[1][0].low in known.IDLE and len(split[1]) == 1:
            return None
        return state(*split)
    return _without_verb(words)


def _is_subject(words: Words) -> bool:
    first = words[0].low
    if first in known.PERSONS:
        return first != "me"
    return first not in known.IDLE | known.PREPOSITIONS | known.STRONG | {"me", ","} or words[0].quoted


def _without_verb(words: Words) -> Transformation | None:
    """A subject and what it is, without a verb that is known."""
    end = phrase_end(words)
    if (
        0 < end < len(words)
        and words[end].low in known.PREPOSITIONS
        and lead(words)
        and end - lead(words) == 1
    ):
        return located(words[:end], words[end:])
    for place in range(lead(words) + 1, len(words)):
        if words[place].low.endswith("ed") or words[place].low in known.MADE:
            found = state(words[:place], words[place:])
            passive = state(words[:place], [_BE, *words[place:]])
            return passive or found
    plain = [word for word in words[lead(words) : end]]
    if lead(words) and len(plain) == 2 and words[0].low not in known.INDEFINITE:
        place = lead(words) + 1
        if words[place].low not in known.UNSEEN | _IDIOMS | known.IDLE:
            return Transformation("attribute", concept(words[:place]), said_of(words[:place], words[place:]))
    if words[0].low == "it" and styled(words):
        return style(words[:1], words[1:])
    return None


def have(words: Words) -> Transformation | None:
    """As `let`; `have a cat on the bed` adds one."""
    if not words:
        return None
    first = words[0].low
    if not (first in known.DETERMINERS | known.PERSONS - {"they", "he", "she", "me"} or first in ("there", "it") or "'s" in first
            or (first.endswith("s") and len(words) > 2)):  # fmt: skip
        return None
    if first in known.INDEFINITE and head(words) in _IDIOMS | known.UNSEEN:
        return None
    found = let(words)
    if found is None and first in known.INDEFINITE and phrase_end(words) < len(words):
        return added(words)
    return found


def make(words: Words) -> Transformation | None:
    """`make the floor marble`, `make the skier a boy`, `make it snowy`, `make the dog bigger`."""
    if not words or not _is_subject(words) or (words[0].low in ("up", "sure", "a", "an") and not styled(words)):
        return None
    if words[0].low in ("a", "an") or (not lead(words) and lows(words)[-1] == "again"):
        return None
    into = _at(words, ("into", "like", "as"), behind=1)
    first = 1 if words[0].low in known.PERSONS | known.THINGS else lead(words) + 1
    split = split_predicate(words)
    if into is not None and (split is None or len(split[0]) > into or split[1][0].low in known.TURNING):
        subject = words[:into]
        if is_whole(subject) or words[into].low == "into":
            return becomes(subject, words[into + 1 :])
        return state(subject, [_BE, *words[into:]])
    if lows(words[1:]).count("to") and head(words) == "action" and owner_of(words):
        return Transformation(
            "attribute",
            concept(owner_of(words)),
            said_of(owner_of(words), words[lows(words).index("to") + 1 :]),
        )
    if (
        words[0].low in ("it", "this", "everything")
        and len(words) > 1
        and words[1].low not in known.STRONG | {"look", "show"}
    ):
        return None if words[1].low in known.IDLE else state(words[:1], [_BE, *words[1:]])
    if split is not None and split[0]:
        return state(*split)
    place = adjectives_at_end(words)
    marks = [
        i for i in range(first, len(words)) if words[i].low in known.ARTICLES | {"another", "two", "three"}
    ]
    marks = [i for i in marks if words[i - 1].low not in known.PREPOSITIONS | {"and", "or", ","}]
    if marks:
        return state(words[: marks[0]], [_BE, *words[marks[0] :]])
    if place < len(words):
        return state(words[:place], [_BE, *words[place:]])
    for i in range(first, len(words)):
        if (
            words[i].low in known.PREPOSITIONS
            and words[i].low not in ("of", "on", "in", "with")
            and i > first
        ):
            break
        behind = words[i + 1].low if i + 1 < len(words) else ""
        if (is_adjective(words[i]) or styled([words[i]])) and (
            not behind or behind in known.PREPOSITIONS | {"and", "instead", ",", "so"}
        ):
            return state(words[:i], [_BE, *words[i:]])
    inner = next((i for i in range(first, len(words)) if is_adjective(words[i])), None)
    if inner is not None and head(words) in known.BODY:
        return state(words[:inner], [_BE, *words[inner:]])
    end = phrase_end(words)
    if (
        end < len(words)
        and words[end].low in ("out", "in", "with", "without")
        and end > lead(words)
        and lead(words)
    ):
        if lows(words[end:])[:2] == ["out", "of"]:
            return state(words[:end], [_BE, *words[end:]])
        if len(words[end:]) > 1 and end - lead(words) == 1:
            return state(words[:end], [_BE, *words[end:]])
    return _unknown_at_end(words, first, end)


def _unknown_at_end(words: Words, first: int, end: int) -> Transformation | None:
    """`make the giraffe yodel`: the last word is taken for what is said, where the one before is a noun."""
    last = end - 1
    if last < first or words[last - 1].low in known.PREPOSITIONS | _RANKS or not (lead(words) or first == 1):
        return None
    if is_adjective(words[last - 1]) or words[last].low in known.UNSEEN | _IDIOMS:
        return None
    return state(words[:last], [_BE, *words[last:]])


def give(words: Words) -> Transformation | None:
    """`give the man a beard`, `give it a vintage look`."""
    if not words:
        return None
    first = 1 if words[0].low in known.PERSONS | {"it", "this", "everyone"} else lead(words) + 1
    if words[0].low == "her" and len(words) > 1 and words[1].low in known.BODY:
        first = 2
    marks = [i for i in range(first, len(words)) if words[i].low in known.INDEFINITE | known.POSSESSIVES]
    marks = marks or [i for i in range(first, len(words)) if is_adjective(words[i]) or words[i].low in (
        known.CLOTHES | known.BODY | known.FACES)]  # fmt: skip
    if not marks or head(words[: marks[0]]) in known.UNSEEN | {"up"}:
        return None
    who, what = words[: marks[0]], words[marks[0] :]
    noun = head(what)
    if is_whole(who) and noun in ("look", "feel"):
        return style(who, what)
    if (
        noun in _IDIOMS | known.UNSEEN
        or not (lead(words) or words[0].low in known.PERSONS | {"it", "this"})
        or (words[0].low in ("me", "us") and noun not in known.CLOTHES | known.BODY | known.FACES)
    ):
        return None
    if is_whole(who):
        return style(who, what)
    if head(who) in known.BACKGROUNDS:
        return Transformation("background", concept(who), concept(what))
    return Transformation("attribute", concept(who), concept(what))


def put(words: Words) -> Transformation | None:
    """`put a hat on the man` adds; `put her in Paris` changes the place; `put the cup on the shelf` moves."""
    if not words:
        return None
    if words[0].low in ("on", "in") and len(words) > 1 and lead(words[1:]):
        return added(words[1:])
    if words[0].low == "it" and styled(words):
        return style((), words[1:])
    end = phrase_end(words)
    if (
        not end
        or end >= len(words)
        or words[end].low not in known.PREPOSITIONS | {"there", "here"}
        or words[0].low == "it"
    ):
        return None
    thing, where = words[:end], words[end:]
    if not bare(where[1:]) and where[0].low not in ("there", "here"):
        return None
    if any(word.quoted for word in thing) or head(thing) in ("text", "words", "word"):
        return written_there(thing, where)
    definite = thing[0].low in known.PERSONS or thing[0].low in (
        "the",
        "this",
        "that",
        "these",
        "those",
        "his",
        "her",
        "everyone",
    )
    if not definite:
        return added(words)
    if head(thing) in known.UNSEEN:
        return None
    return located(thing, where)


def placed(words: Words) -> Transformation | None:
    """As `put`, where the thing has an article: `place mats on the table` is a caption."""
    return put(words) if lead(words) or words[0].low in known.PERSONS | {"it"} else None


def carry(words: Words) -> Transformation | None:
    """`transport them to outer space`."""
    to = _at(words, ("to", "into"), behind=1)
    if to is None or not (lead(words) or words[0].low in known.PERSONS) or head(words) in known.UNSEEN:
        return None
    return located(words[:to], [Word("in", "in"), *words[to + 1 :]])


def draw(words: Words) -> Transformation | None:
    """`draw a heart on the wall`: without a place it is a picture that is asked for, not an edit."""
    end = phrase_end(words)
    if end < len(words) and words[end].low in known.PLACING | known.BESIDE and bare(words[end + 1 :]):
        return added(words) if words[0].low in known.INDEFINITE or not lead(words) else None
    found = lows(words)
    if len(found) > 3 and found[0] in ("what", "how") and {"look", "looks"} & set(found) and {
        "after", "when", "if", "later", "before", "ago"} & set(found):  # fmt: skip
        until = next(
            (i for i, low in enumerate(found) if low in ("will", "would", "look", "looks", "may")), 1
        )
        return Transformation("attribute", "" if found[1] == "it" else concept(words[1:until]))
    return None


def write(words: Words) -> Transformation | None:
    """`write 'X' on the sign`."""
    place = _at(
        words, ("on", "in", "at", "across", "above", "below", "under", "over", "onto", "into", "to"), behind=1
    )
    quoted = any(word.quoted for word in words)
    if not quoted and (
        place is None
        or words[0].low in known.PERSONS
        or words[0].low in known.INDEFINITE
        or head(words) in known.UNSEEN
    ):
        return None
    end = place if place is not None else len(words)
    return written_there(words[:end], words[end:])


def paint(words: Words) -> Transformation | None:
    """`paint the wall blue`, `color her hair pink`, `paint a mural on the wall`, `paint it as a watercolor`."""
    if words and words[0].low in known.INDEFINITE:
        return draw(words)
    if not words or not (lead(words) or words[0].low in known.PERSONS | known.THINGS or "'s" in words[0].low):
        return None
    place = adjectives_at_end(words)
    first = lead(words) + 1
    if place == len(words):
        inside = [i for i in range(first, len(words)) if is_adjective(words[i]) and not (
            i + 1 < len(words) and words[i + 1].low not in known.PREPOSITIONS | {"and", ","})]  # fmt: skip
        place = inside[0] if inside else phrase_end(words)
    subject, rest = words[:place], words[place:]
    while rest and rest[0].low in ("in", "with", "to", "as", "like", "into"):
        rest = rest[1:]
    if is_whole(subject):
        return style(subject, rest) if styled(rest) else _coloured(subject, rest)
    return _coloured(subject, rest)


def _coloured(subject: Words, rest: Words) -> Transformation | None:
    if head(subject) in known.UNSEEN or not bare(rest):
        return None
    return Transformation(
        "attribute", "" if subject[0].low == "it" else concept(subject), said_of(subject, rest)
    )


def alter(words: Words) -> Transformation | None:
    """`brighten the image`, `blur the background`, `cover the table with flowers`, `dress the man in a suit`."""
    if not words or not (lead(words) or words[0].low in known.PERSONS | {"it", "this"} or "'s" in words[0].low
                         or head(words) in known.TONES | known.BACKGROUNDS):  # fmt: skip
        return None
    end = phrase_end(words)
    thing, rest = words[:end], words[end:]
    at = next((i for i, word in enumerate(thing) if word.low in ("with",) and i > lead(words)), None)
    if at is not None:
        thing, rest = words[:at], words[at:]
    noun = head(thing)
    if not bare(thing) or noun in known.UNSEEN:
        return None
    if noun in (
        "size",
        "length",
        "height",
        "width",
        "number",
        "amount",
        "brightness",
        "color",
        "intensity",
    ) and "of" in lows(thing):
        owner = owner_of(thing)
        if owner and not is_whole(owner):
            return Transformation("attribute", concept(owner), concept(owner))
    if is_whole(thing) or noun in known.TONES:
        return Transformation(
            "style", "" if is_whole(thing) else concept(thing), concept(rest[1:]) if rest else "", "whole"
        )
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(thing), concept(rest[1:]) if rest else "")
    return Transformation("attribute", concept(thing), said_of(thing, rest) if bare(rest) else concept(thing))


def apply(words: Words) -> Transformation | None:
    """`apply a sepia filter`, `apply makeup to the woman`."""
    to = _at(words, ("to", "on"), behind=1)
    what = words[:to] if to is not None else words
    where = words[to + 1 :] if to is not None else ()
    if head(what) in known.UNSEEN or not bare(what):
        return None
    if bare(where) and not is_whole(where):
        if head(where) in known.UNSEEN:
            return None
        return Transformation("attribute", concept(where), concept(what))
    named = {"filter", "effect", "style", "look", "tint", "tone", "blur", "vignette", "preset", "treatment"}
    return style((), what) if styled(what) or named & set(lows(what)) else None


def move(words: Words) -> Transformation | None:
    """`move the cup to the left`, `rotate the image by 90 degrees`, `swap the positions of A and B`."""
    if not words or not (
        lead(words) or words[0].low in known.PERSONS | {"image", "photo", "picture"} or "'s" in words[0].low
    ):
        return None
    thing = phrase(words)
    stop = next((i for i, w in enumerate(thing) if i > lead(words) and (w.low.isdigit() or w.low in (
        "left", "right", "closer", "forward", "back", "backwards", "clockwise", "counterclockwise", "up", "upside", "sideways",
        "horizontally", "vertically", "further", "farther", "higher", "lower", "away", "around"))), len(thing))  # fmt: skip
    thing = thing[:stop]
    noun = head(thing)
    if not bare(thing) or noun in known.UNSEEN:
        return None
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(thing), concept(words[len(thing) + 1 :]))
    if is_whole(thing):
        return Transformation("move", "", "", "whole")
    if noun in known.BODY:
        return Transformation("attribute", concept(thing), concept(thing))
    return Transformation("move", concept(thing), concept(thing))


def pushed(words: Words) -> Transformation | None:
    """As `move`, where a direction is named: who pushes a button edits nothing."""
    ways = set(
        ["left", "right", "up", "down", "closer", "forward", "back", "backwards", "away", "higher", "lower", "center", "centre", "middle", "front"]
    )
    return move(words) if set(lows(words)) & ways else None


def zoom(words: Words) -> Transformation | None:
    """`zoom in`, `zoom out the giraffes in the image`."""
    found = lows(words)
    if found[:1] not in (["in"], ["out"]):
        return None
    rest = words[2:] if found[1:2] and found[1] in ("on", "of", "to", "from") else words[1:]
    if not bare(rest) or is_whole(rest):
        return Transformation("move", "", "", "whole")
    return Transformation("move", concept(rest), concept(rest), "whole")


def crop(words: Words) -> Transformation | None:
    """`crop the image`, `crop out the man`, `expand the canvas`."""
    if words and words[0].low == "out":
        return removed(words[1:])
    if is_whole(words) or head(words) in ("canvas", "borders", "frame"):
        return Transformation("move", "", "", "whole")
    return move(words)


def alone(words: Words) -> Transformation | None:
    """`isolate the cup`, `keep only the dog`, `extract the car from the image`: all around it goes."""
    if lows(words)[:1] == ["only"]:
        words = words[1:]
    if not lead(words) or head(words) in known.UNSEEN or not concept(words):
        return None
    return Transformation("background", concept(words), concept(words))


def keep(words: Words) -> Transformation | None:
    """`keep only the dog`."""
    return alone(words) if lows(words)[:1] == ["only"] else None


def restyle(words: Words) -> Transformation | None:
    """`stylize the image as a comic`, `render it in oil`, `cartoonize the man`."""
    if not words:
        return Transformation("style", scope="whole")
    split = _at(words, ("as", "in", "into", "to", "with", "like", "using"), behind=1)
    thing, how = (words, ()) if split is None else (words[:split], words[split + 1 :])
    if not (is_whole(thing) or lead(thing) or thing[0].low in known.PERSONS) or head(thing) in known.UNSEEN:
        return None
    if is_whole(thing):
        return style((), how) or Transformation("style", scope="whole")
    return Transformation("style", concept(thing), concept(how))


def redraw(words: Words) -> Transformation | None:
    """As `restyle`, where it is said how: to render or depict something is no edit."""
    return restyle(words) if words and styled(words[1:]) and lead(words) + len(words) > 2 else None


def _at(words: Words, marks: tuple[str, ...], *, behind: int) -> int | None:
    """Where the first of marks stands, not before `behind`; by the order of words, not of marks."""
    for place in range(max(behind, 1), len(words)):
        if words[place].low in marks:
            return place
    return None
