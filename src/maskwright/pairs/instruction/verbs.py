"""What a verb of editing makes of the words behind it: `add`, `remove`, `put`, `move`, `brighten`, ..."""

from __future__ import annotations

from collections.abc import Callable

from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.phrases import (
    bare,
    concept,
    first_noun,
    head,
    is_whole,
    lead,
    mark,
    named,
    owner_of,
    phrase,
    phrase_end,
    said_of,
    styled,
    unless_whole,
)
from maskwright.pairs.instruction.states import (
    Transformation,
    added,
    becomes,
    located,
    removed,
    state,
    style,
    written_there,
)
from maskwright.pairs.instruction.text import Word, Words, lows

Rule = Callable[[Words], Transformation | None]
"""From the words behind the verb to what is asked for; None where that is not understood."""


def add(words: Words) -> Transformation | None:
    """`add a dog`, `add color to the dress`, `add in a dog`."""
    if lows(words)[:1] == ["in"]:
        words = words[1:]
    return added(words) if _names(words) and words[0].low not in known.PERSONS else None


def _names(words: Words) -> bool:
    """Whether a thing may begin with the first word."""
    unlike = (known.PREPOSITIONS | known.JOINTS | {"it", "and", "or"}) - {"that"}
    return bool(words) and words[0].low not in unlike


def thrown(words: Words) -> Transformation | None:
    """`throw in some birds`, `bring in a dog`, `drop a boat in the lake`; or as `pushed`."""
    if lows(words)[:1] == ["in"]:
        return insert(words[1:])
    return placed(words) if lead(words) and words[0].low in known.INDEFINITE else pushed(words)


def insert(words: Words) -> Transformation | None:
    """As `add`, where the thing has an article: `insert a dog`, and not `insert coin`."""
    return add(words) if lead(words) else None


def remove(words: Words) -> Transformation | None:
    """`remove the sign`, `hide the wires`."""
    if lows(words)[:1] in (["out"], ["off"], ["away"]):
        words = words[1:]
    return removed(words) if _names(words) else None


def dropped(words: Words) -> Transformation | None:
    """As `remove`, where the thing has an article: `lose the hat`, and not `lose weight`."""
    return remove(words) if lead(words) else None


def taken(words: Words) -> Transformation | None:
    """`take away the tree`, `take the hat off`; other things that are taken are not edits."""
    if words and words[0].low in ("away", "off", "out"):
        return remove(words) if head(words[1:]) not in ("trash", "garbage") else None
    out = mark(words, "away off out", first_noun(words))
    return remove(words[:out]) if out is not None else None


def cut(words: Words) -> Transformation | None:
    """`cut out the tree`, `wipe the graffiti off the wall`: where what is cut is gone; `cut her hair`."""
    kept = not known.HAIR.isdisjoint(lows(words[:3])) or head(words) in known.BACKGROUNDS
    if kept and lead(words):
        return alter(words)
    return taken(words) if named(words) or (words and words[0].low in ("out", "off", "away")) else None


def rid(words: Words) -> Transformation | None:
    """`get rid of the tree`, `get the dog out of the picture`, `get the man to smile`."""
    if lows(words)[:2] in (["rid", "of"], ["ride", "of"]):
        return remove(words[2:])
    end = phrase_end(words)
    if not lead(words) or lows(words)[end : end + 1] not in (["out"], ["off"], ["to"]):
        return None
    if words[end].low != "to":
        return removed(words)
    verb = lows(words)[end + 1 : end + 2]
    return state(words[:end], words[end + 1 :]) if verb and verb[0] in known.STRONG | known.WEAK else None


def replace(words: Words) -> Transformation | None:
    """`replace A with B`, `swap A and B`, `swap the positions of A and B`."""
    if lows(words)[:1] == ["out"]:
        words = words[1:]
    if changes_places(words):
        return _places_changed(words)
    split = mark(words, "with by for to into and", first_noun(words))
    if split is None:
        background = lead(words) and head(words) in known.BACKGROUNDS
        return Transformation("background", concept(words)) if background else None
    old, new = words[:split], words[split + 1 :]
    if words[split].low == "and":
        both = concept(old), concept(new)
        return Transformation("move", *both) if lead(old) and lead(new) and all(both) else None
    return _replaced(old, new)


def changes_places(words: Words) -> bool:
    """Whether words speak of the positions of things."""
    return "of" in lows(words) and not {"positions", "places"}.isdisjoint(lows(words))


def traded(words: Words) -> Transformation | None:
    """As `replace`, where the thing has an article: `trade the hat for a crown`, and not `trade stocks`."""
    return replace(words) if lead(words) else None


def _places_changed(words: Words) -> Transformation | None:
    thing = concept(words[lows(words).index("of") + 1 :])
    return Transformation("move", thing, thing) if thing else None


def _replaced(old: Words, new: Words) -> Transformation | None:
    """As `becomes`, but the same thing of another make is another thing; of another colour it is not."""
    if not (bare(old) or is_whole(old)) or not bare(new):
        return None
    if is_whole(old) and not styled(new):
        return Transformation("replace", "", concept(new))
    found = becomes(old, new)
    if found is not None and found.action == "attribute" and known.OF_THINGS.isdisjoint(lows(new)):
        return Transformation("replace", concept(old), concept(new))
    return found


def substitute(words: Words) -> Transformation | None:
    """`substitute A with B` as replace; `substitute B for A` the other way round."""
    split = mark(words, "for", first_noun(words))
    if split is not None and mark(words, "with by", 1) is None:
        return _replaced(words[split + 1 :], words[:split])
    return replace(words)


def use(words: Words) -> Transformation | None:
    """`use a cat instead of the dog`, `use a beach as the background`."""
    if (as_it := mark(words, "as", 1)) is not None and head(words[as_it + 1 :]) in known.BACKGROUNDS:
        return Transformation("background", concept(words[as_it + 1 :]), concept(words))
    return added(words) if "instead" in lows(words) else None


def put(words: Words) -> Transformation | None:
    """`put a hat on the man` adds; `put her in Paris` changes the place; `put the cup on the shelf` moves."""
    if lows(words)[:1] in (["on"], ["in"]) and lead(words[1:]):
        return added(words[1:])
    if not words:
        return None
    if words[0].low == "it":
        placed_it = head(words[2:]) in known.PLACES and words[1].low in known.PLACING
        return style((), words[1:]) if styled(words) else located(words[:1], words[1:]) if placed_it else None
    end = len(words) - 1 if words[-1].low in ("there", "here") else phrase_end(words)
    thing, where = words[:end], words[end:]
    if (
        not thing
        or not where
        or where[0].low not in known.PREPOSITIONS - {"to", "off", "up", "of"} | {"there", "here", "instead"}
    ):
        return None
    if not bare(where[1:]) and not is_whole(where[1:]) and where[0].low not in ("there", "here"):
        return None
    if thing[-1].quoted or head(thing) in ("text", "words", "word"):
        return written_there(thing, where)
    if thing[0].low not in (known.PERSONS - known.SOMEBODY) | known.DEMONSTRATIVES | known.POSSESSIVES | {
        "the"
    }:
        return added([*thing, *where])
    return located(thing, where) if head(thing) not in known.UNSEEN else None


def placed(words: Words) -> Transformation | None:
    """As `put`, where the thing has an article: `place mats on the table` is a caption."""
    return put(words) if named(words) or lows(words)[:1] == ["it"] else None


def carry(words: Words) -> Transformation | None:
    """`transport them to outer space`."""
    to = mark(words, "to into", 1)
    if to is None or not named(words) or head(words) in known.UNSEEN:
        return None
    return located(words[:to], [Word("in", "in"), *words[to + 1 :]])


def draw(words: Words) -> Transformation | None:
    """`draw a heart on the wall`: without a place it is a picture that is asked for, not an edit.

    `draw what it will look like after three years`, as RISEBench has it, is one, too.
    """
    end = phrase_end(words)
    if is_whole(words[:1]):
        return redraw(words)
    if end < len(words) and words[end].low in known.PLACING | known.BESIDE and bare(words[end + 1 :]):
        return added(words) if not lead(words) or words[0].low in known.INDEFINITE else None
    found = lows(words)
    if found[:1] not in (["what"], ["how"]) or {"look", "looks"}.isdisjoint(found):
        return None
    if {"after", "when", "if", "later", "before", "ago"}.isdisjoint(found):
        return None
    until = mark(words, "will would may look looks", 2)
    return Transformation("attribute", concept(words[1:until]) if found[1] != "it" else "")


def create(words: Words) -> Transformation | None:
    """`create a waterfall on the hill`: the hill is in the picture; without it, all of one is asked for."""
    behind = words[phrase_end(words) :]
    placed = behind and behind[0].low in known.PLACING | known.BESIDE and lows(behind)[1:2] == ["the"]
    return added(words) if placed and lead(words) and not is_whole(words) else None


def write(words: Words) -> Transformation | None:
    """`write 'X' on the sign`, `write hello on the board`."""
    place = mark(words, "on in at across above below under over onto into to", 1)
    unseen = words[:1] and (words[0].low in known.PERSONS | known.INDEFINITE or head(words) in known.UNSEEN)
    if not any(word.quoted for word in words) and (place is None or unseen):
        return None
    end = len(words) if place is None else place
    return written_there(words[:end], words[end:])


def inscribe(words: Words) -> Transformation | None:
    """As `write`, where a quote says what: `print 'X' on the shirt`."""
    return write(words) if any(word.quoted for word in words) else None


def opened(words: Words) -> Transformation | None:
    """`open his eyes`, `raise her hand`: who raises a price edits nothing."""
    if lead(words) and not known.WAYS.isdisjoint(lows(words)):
        return move(words)
    return alter(words) if head(words) in known.BODY | known.OPENED | known.TONES else None


def move(words: Words) -> Transformation | None:
    """`move the cup to the left`, `rotate the image by 90 degrees`."""
    turned_it = lows(words)[:1] == ["it"] and not known.TURNS.isdisjoint(lows(words))
    if not named(words) and not turned_it and lows(words)[:1] not in (["image"], ["photo"], ["picture"]):
        return None
    thing = phrase(words)
    ways = [
        i
        for i, word in enumerate(thing)
        if i > lead(words) and (word.low in known.WAYS or word.low.isdigit())
    ]
    thing = thing[: ways[0]] if ways else thing
    noun = head(thing)
    to = mark(words, "to into", len(thing))
    named_place = to is not None and to + 2 == len(words) and words[to + 1].text.istitle()
    if to is not None and (noun == "scene" or head(words[to + 1 :]) in known.PLACES or named_place):
        return Transformation("background", concept(thing), concept(words[to + 1 :]))
    if is_whole(thing):
        return Transformation("move", scope="whole")
    if not bare(thing) or noun in known.UNSEEN:
        return None
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(thing), concept(words[len(thing) + 1 :]))
    action = "attribute" if noun in known.BODY else "move"
    return Transformation(action, concept(thing), concept(thing))


def pushed(words: Words) -> Transformation | None:
    """As `move`, where a direction is named: who pushes a button edits nothing."""
    return move(words) if not known.WAYS.isdisjoint(lows(words)) else None


def crop(words: Words) -> Transformation | None:
    """`crop the image`, `crop out the man`, `expand the canvas`."""
    if lows(words)[:1] == ["out"]:
        return remove(words)
    if is_whole(words) or head(words) in ("canvas", "borders", "frame"):
        return Transformation("move", scope="whole")
    return move(words)


def alter(words: Words) -> Transformation | None:
    """`brighten the image`, `blur the background`, `cover the table with flowers`."""
    of_whole = known.TONES | known.BACKGROUNDS
    if not named(words) and head(words) not in of_whole and lows(words)[:1] not in (["it"], ["this"]):
        return None
    end = mark(words[: phrase_end(words)], "with", lead(words) + 1) or phrase_end(words)
    thing, rest = words[:end], words[end:]
    noun = head(thing)
    if noun in known.UNSEEN or not (bare(thing) or is_whole(thing)):
        return None
    if noun in known.MEASURES and (owner := owner_of(thing)) and not is_whole(owner):
        return Transformation("attribute", concept(owner), concept(owner))
    how = concept(rest[1:])
    hung = is_whole(thing) and rest and rest[0].low in known.PLACING and not styled(rest)
    if (is_whole(thing) and not hung) or noun in known.TONES:
        property_of = "" if is_whole(thing) else concept(thing[: mark(thing, "of", 1)])
        return Transformation("style", property_of, how, "whole")
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(thing), how)
    return Transformation("attribute", concept(thing), said_of(thing, rest))


def shaded(words: Words) -> Transformation | None:
    """As `alter`, `up` and `down` left out: `warm up the photo`, `scale the dog up`."""
    return alter([word for word in words if word.low not in ("up", "down")])


def mended(words: Words) -> Transformation | None:
    """`fix the lighting`, `restore the photo`: who mends things edits nothing."""
    return alter(words) if head(words) in known.TONES or is_whole(words) else None


def covered(words: Words) -> Transformation | None:
    """`cover the table with flowers`, `dress the man in a suit`: where it is said with what."""
    return alter(words) if mark(words, "with in by as like", 1) is not None else None


def happen(words: Words) -> Transformation | None:
    """`peel the banana`, `melt the snow`: what is done shows."""
    return alter(words) if lead(words) and words[0].low not in known.INDEFINITE else None


def apply(words: Words) -> Transformation | None:
    """`apply a sepia filter`, `apply makeup to the woman`."""
    to = mark(words, "to on", 1)
    what, where = words[:to], words[to + 1 :] if to is not None else ()
    if not bare(what) or {head(what), head(where)} & known.UNSEEN:
        return None
    if bare(where) and not is_whole(where):
        return Transformation("attribute", concept(where), concept(what))
    return style((), what) if styled(what) or not known.EFFECTS.isdisjoint(lows(what)) else None


def zoom(words: Words) -> Transformation | None:
    """`zoom in`, `zoom out the giraffes in the image`."""
    if not words or words[0].low not in ("in", "out"):
        return None
    rest = words[2:] if lows(words)[1:2] in (["on"], ["of"], ["to"], ["from"]) else words[1:]
    thing = unless_whole(rest)
    return Transformation("move", thing, thing, "whole")


def alone(words: Words) -> Transformation | None:
    """`isolate the cup`, `extract the car from the image`: all around it is gone."""
    if not lead(words) or head(words) in known.UNSEEN | known.RANKS or not concept(words):
        return None
    return Transformation("background", concept(words), concept(words))


def keep(words: Words) -> Transformation | None:
    """`keep only the dog`."""
    return alone(words[1:]) if lows(words)[:1] == ["only"] else None


def restyle(words: Words) -> Transformation | None:
    """`stylize the image as a comic`, `cartoonize the man`, `colorize`."""
    split = mark(words, "as in into to with like using", 1)
    thing, how = words[:split], words[split + 1 :] if split is not None else ()
    if not thing or is_whole(thing):
        return style((), how) or Transformation("style", scope="whole")
    if not named(thing) or head(thing) in known.UNSEEN:
        return None
    return Transformation("style", concept(thing), concept(how))


def redraw(words: Words) -> Transformation | None:
    """As `restyle`, where it is said how: to render or to depict something is no edit."""
    return restyle(words) if styled(words[1:]) else None
