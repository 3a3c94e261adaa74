"""What verbs of looks and of the frame make of the words behind them: `brighten`, `apply`, `stylize`."""

from __future__ import annotations

from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_phrases import (
    bare,
    concept,
    head,
    lead,
    lows,
    mark,
    named,
    phrase_end,
    said_of,
)
from maskwright.pairs.instruction_style import is_whole, owner_of, style, styled
from maskwright.pairs.instruction_text import Words
from maskwright.pairs.instruction_values import Transformation


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
    thing = "" if is_whole(rest) else concept(rest)
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
