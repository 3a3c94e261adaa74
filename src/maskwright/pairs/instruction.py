"""What an instruction asks for: an action, what it acts on, and what is there afterwards.

Rules over the words of English, without a model and without a network. What no rule understands is
`unparsed`: a wrong concept would point a grounding at the wrong thing, none costs nothing.
"""

from __future__ import annotations

from dataclasses import replace as with_changes

from maskwright.pairs import instruction_verbs as verbs
from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_captions import ARROW, captions
from maskwright.pairs.instruction_phrases import (
    concept,
    head,
    is_doing,
    lead,
    lows,
    phrase_end,
    split_predicate,
)
from maskwright.pairs.instruction_states import REACHED, added, state, style, styled
from maskwright.pairs.instruction_text import LONGEST, Words, near, sentences
from maskwright.pairs.instruction_values import ACTIONS, SCOPES, UNPARSED, Transformation

__all__ = ["ACTIONS", "SCOPES", "UNPARSED", "Transformation", "parse"]

_SENTENCES = 4
"""Sentences that are looked at for the first edit."""

_RULES: dict[str, verbs.Rule] = {
    "add": verbs.add,
    **dict.fromkeys(("insert", "include", "attach", "introduce", "overlay", "append", "superimpose", "incorporate"), verbs.insert),
    **dict.fromkeys(("remove", "delete", "erase", "eliminate", "omit", "hide", "exclude", "discard"), verbs.remove),
    **dict.fromkeys(("replace", "swap", "exchange"), verbs.replace),
    **dict.fromkeys(("change", "turn", "transform", "convert", "modify", "alter", "morph", "edit", "switch", "adjust", "update"), verbs.change),
    "put": verbs.put,
    **dict.fromkeys(("place", "position", "hang", "stick", "set", "install", "plant"), verbs.placed),
    **dict.fromkeys(("paint", "color", "colour", "recolor", "recolour", "dye", "tint", "repaint"), verbs.paint),
    **dict.fromkeys(
        ("brighten", "darken", "lighten", "sharpen", "blur", "enhance", "enlarge", "shrink", "shorten", "lengthen", "widen",
         "narrow", "cover", "fill", "decorate", "dress", "age", "smooth", "desaturate", "saturate", "increase", "decrease",
         "reduce", "boost", "improve", "resize", "straighten", "curl", "wrap", "surround", "soften", "restore", "lower", "raise",
         "tilt", "bend", "fold", "open", "close", "colorize", "colourize", "scale", "pixelate", "illuminate", "intensify"),
        verbs.alter),
    **dict.fromkeys(("move", "shift", "relocate", "reposition", "rotate", "flip", "mirror"), verbs.move),
    **dict.fromkeys(("push", "pull", "slide", "drag", "bring", "center", "tilt", "spin"), verbs.pushed),
    **dict.fromkeys(("stylize", "restyle", "stylise", "cartoonize", "reimagine", "colorize"), verbs.restyle),
    **dict.fromkeys(("render", "depict", "redraw", "recreate", "reinterpret"), verbs.redraw),
    **dict.fromkeys(("isolate", "extract"), verbs.alone),
    **dict.fromkeys(("crop", "expand", "extend", "outpaint"), verbs.crop),
    "substitute": verbs.substitute, "use": verbs.use, "take": verbs.taken, "get": verbs.rid, "let": verbs.let,
    "have": verbs.have, "make": verbs.make, "give": verbs.give, "draw": verbs.draw, "write": verbs.write,
    "apply": verbs.apply, "cut": verbs.cut, "wipe": verbs.cut, "transport": verbs.carry, "teleport": verbs.carry, "zoom": verbs.zoom, "keep": verbs.keep,
}  # fmt: skip
"""The verb that an instruction begins with -> what is made of the words behind it."""

_POLITE = frozenset(
    ["please", "kindly", "hey", "hi", "hello", "ok", "okay", "now", "so", "next", "first", "firstly", "second", "secondly", "then", "also", "and", "just", "maybe", "perhaps", "finally", "well", "lastly", "pls", ",", "could", "can", "would", "will", "u", "can't", "won't", "couldn't", "possibly", "simply", "try", "to", "now,", "carefully", "quickly", "instead", "yes", "no"]
)
"""Words that may stand before the verb of an instruction."""
_ASKING = (
    "i want you to", "i want to", "i want", "i would like you to", "i would like to see", "i would like to", "i would like",
    "i'd like you to", "i'd like to see", "i'd like to", "i'd like", "i need you to", "i need to", "i need", "i wish",
    "we want to", "we should", "let us", "let's", "could you", "can you",
    "would you", "will you", "can we", "could we", "can i", "could i", "may i", "would you mind", "do you mind", "is it possible to", "would it be possible to",
    "how about", "how about we", "what about", "go ahead and", "i think you should", "i think we should", "it would be nice to",
    "it would be great to", "your task is to", "the task is to", "use photoshop to", "edit the image to", "edit the photo to",
    "edit the picture to", "edit this image to", "edit this photo to", "edit the image by", "edit the image so that",
    "edit the image such that", "modify the image to", "modify the image so that", "generate an image where",
    "change it so that", "change the image so that", "change the photo so that", "make it so that", "make it so",
    "i would love to see", "i'd love to see", "we could", "help me to", "help me", "please help me", "ensure that", "make sure that",
)  # fmt: skip
_WANTS = frozenset({"i want", "i would like", "i'd like", "i need", "i wish", "edit the image so that", "edit the image such that",
    "modify the image so that", "generate an image where", "change it so that", "change the image so that", "i would love to see", "i'd love to see",
    "change the photo so that", "make it so that", "make it so", "can we", "could we", "ensure that", "make sure that", "i would like to see",
    "i'd like to see", "how about", "what about"})  # fmt: skip
"""Of those, what a clause may follow: a subject and what it is to do."""
_WONDERING = (
    "what if", "what would it look like if", "what will it look like if", "what would happen if", "what will happen if",
    "how would it look if", "imagine if", "imagine that", "imagine", "suppose", "pretend", "show me what it would look like if",
    "it would be better if", "it would be nice if", "it would be cool if",
)  # fmt: skip
_THANKS = (
    "please",
    "thank you",
    "thanks",
    "for me",
    "if possible",
    "if you can",
    ",",
    "thank you so much",
    "and",
)
_LONGEST_LEAD = 14
_FINITE = frozenset(
    ["is", "are", "was", "were", "has", "had", "will", "would", "could", "can", "does", "did", "isn't", "aren't", "wasn't", "won't", "can't", "don't", "doesn't", "didn't", "'s", "am", "says", "thinks", "means", "makes", "helps", "requires"]
)
_AFTER_WHICH = known.JOINTS | frozenset(["like", "as", "what", "how", "where", "who", "that's"])
_GUIDED = frozenset(["follow", "refer", "watch", "based", "according", "given", "using", "use", "check", "see", "look", "consider", "with"])


def parse(text: str | None) -> Transformation:
    """What an instruction asks for; never raises for what a text holds.

    The first edit of several decides the action and the concepts; the scope is `whole` if any of them asks
    for all of the picture. Texts of more than 2,000 characters are not read.

    Args:
        text: an instruction in English, or two captions with an arrow between them; None is none.

    Returns:
        `UNPARSED` for what is not understood: other languages, captions, questions, statements.

    >>> parse("let the woman wear a dress")
    Transformation(action='attribute', original_concept='woman', edited_concept='woman wear a dress', scope='local')
    >>> parse("A woman in a dress.").action
    'unparsed'
    """
    if not text or len(text) > LONGEST:
        return UNPARSED
    if ARROW.search(text):
        return captions(text) or UNPARSED
    found: Transformation | None = None
    for sentence in sentences(text)[:_SENTENCES]:
        for clause in _clauses(sentence.words):
            one = _clause(clause, asked=sentence.asked, first=found is None)
            if one is None:
                if found is None and lows(clause)[:1] not in [[low] for low in _LEADS]:
                    break
                continue
            found = found or one
            if one.scope == "whole":
                return with_changes(found, scope="whole")
    return found or UNPARSED


_CANS = frozenset(
    ["a", "the", "trash", "garbage", "soda", "beer", "tin", "watering", "spray", "oil", "aluminum", "coke", "metal", "tuna", "food", "gas", "soup"]
)
"""What stands before a can that is a thing."""
_LEADS = ("in", "for", "on", "at", "from", "to", "using", "with", "if", "based", "given")
_SLIPS = (
    "remove", "replace", "change", "delete", "erase", "insert", "transform", "convert", "rotate", "modify", "include",
    "substitute", "exchange", "enlarge", "brighten", "darken", "eliminate", "colorize", "paint", "place",
)  # fmt: skip
"""Verbs that are taken for meant where a text begins with a word that is one slip away."""
_REAL = frozenset(
    ["remote", "removed", "removes", "remover", "replaced", "replaces", "chance", "charge", "changes", "changed", "changer", "orange", "deleted", "deletes", "erased", "eraser", "inserted", "inserts", "concert", "convent", "covert", "rotated", "rotates", "included", "includes", "modified", "exchanged", "paints", "painted", "pint", "point", "pain", "plane", "plate", "placed", "places", "palace", "peace", "pants", "faint", "saint", "print", "planet", "transforms", "enlarged", "darkened", "phase", "please"]
)


def _clauses(words: Words) -> list[Words]:
    """The sentence in parts, cut where a joint is followed by another verb of the table."""
    cuts = [0]
    for place in range(1, len(words) - 1):
        if words[place].low not in ("and", "then", ",", "but", "while"):
            continue
        behind = place + 1
        while behind < len(words) - 1 and words[behind].low in _POLITE | {"and", "while"}:
            behind += 1
        if (
            words[behind].low in _RULES
            and behind < len(words) - 1
            and words[behind - 1].low not in known.ARTICLES
        ):
            after = words[behind + 1]
            if after.quoted or after.low in known.DETERMINERS | known.PERSONS | {"it"} or words[behind].low in (
                "add", "remove", "replace", "change", "put", "make", "delete", "erase"):  # fmt: skip
                cuts.append(place)
    return [words[start:end] for start, end in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def _clause(words: Words, *, asked: bool, first: bool) -> Transformation | None:
    """What one clause asks for; None where that is not understood."""
    words, asked_for = _before_thanks([word for word in words])
    if set(lows(words)) & known.ELSEWHERE:
        return None
    words, wish = _after_politeness(_guided(words))
    wish = wish or asked_for
    if not words or set(lows(words)) & (known.READERS - {"my", "our", "myself"}):
        return None
    if (wondered := _behind(words, _WONDERING)) is not None:
        return _clause_of(wondered, free=True)
    verb = _verb(words[0].low, wish)
    if verb and len(words) > 1 and not (asked and not wish and verb in ("have", "let", "make")):
        if not _is_statement(words):
            found = _RULES[verb](words[1:])
            if found is not None:
                return found
    if verb in ("stylize", "cartoonize", "colorize", "colourize") and len(words) == 1:
        return Transformation("style", scope="whole")
    if wish in _WANTS:
        return _clause_of(words, free=True) or _wanted(words)
    if wish in ("can", "could"):
        return _clause_of(words, free=False)
    return _led(words) or _fragment(words) or _clause_of(words, free=False, modal=True)


def _before_thanks(words: Words) -> tuple[Words, str]:
    """Without `please`, `thank you`, `for me` at the end; and whether any of these stood there."""
    wish = ""
    for _ in range(8):
        found = lows(words)
        ends = [each for each in _THANKS if found[-len(each.split()) :] == each.split()]
        if not ends:
            break
        words, wish = words[: len(words) - len(ends[0].split())], "please" if ends[0] != "," else wish
    return words, wish


def _verb(low: str, wish: str) -> str:
    if low in _RULES:
        return low
    if wish and is_doing(low):
        stem = low.removesuffix("ing")
        return next((verb for verb in (stem, stem + "e", stem[:-1]) if verb in _RULES), "")
    return "" if low in _REAL else near(low, _SLIPS)


def _is_statement(words: Words) -> bool:
    """Whether a finite verb stands where an instruction has none: `change is good`."""
    for place, word in enumerate(words):
        if word.low == "can" and place and (words[place - 1].low in _CANS or place + 1 == len(words) or words[place + 1].low
                                            in known.PREPOSITIONS | {"into", "to"}):  # fmt: skip
            continue
        if word.low in _FINITE and not any(before.low in _AFTER_WHICH for before in words[:place]):
            return True
    return False


def _after_politeness(words: Words) -> tuple[Words, str]:
    """What stands behind `please`, `could you`, `I want`; and the last of these that a clause may follow."""
    wish = ""
    for _ in range(8):
        found = lows(words[:10])
        phrases = [each for each in _ASKING if found[: len(each.split())] == each.split()]
        if phrases:
            wish = max(phrases, key=len)
            words = words[len(wish.split()) :]
        elif found and found[0] in _POLITE:
            wish = found[0] if found[0] in ("can", "could") else wish
            words = words[1:]
        else:
            break
    return words, wish


def _behind(words: Words, openings: tuple[str, ...]) -> Words | None:
    found = lows(words[:10])
    phrases = [each.split() for each in openings if found[: len(each.split())] == each.split()]
    return words[len(max(phrases, key=len)) :] if phrases else None


def _guided(words: Words) -> Words:
    """Without `follow the given depth map to` before the verb, as AnyEdit has it."""
    found = lows(words[:_LONGEST_LEAD])
    if found and found[0] in _GUIDED and {"given", "provided", "reference", "visual"} & set(found):
        for place in range(2, len(found) - 1):
            if found[place] in ("to", ",") and found[place + 1] in _RULES:
                return words[place + 1 :]
    return words


def _led(words: Words) -> Transformation | None:
    """`in the image, remove the dog`; `for a better look, add flowers`."""
    found = lows(words[:_LONGEST_LEAD])
    if "," not in found or found[0] not in _LEADS:
        return None
    rest, wish = _after_politeness(words[found.index(",") + 1 :])
    verb = _verb(rest[0].low, wish) if rest else ""
    return _RULES[verb](rest[1:]) if verb and not _is_statement(rest) else None


def _clause_of(words: Words, *, free: bool, modal: bool = False) -> Transformation | None:
    """A whole clause: a subject and what it is to do, `the sky to be blue`, `the dog should be a wolf`.

    Args:
        free: any verb will do, since what stands before says that it is a wish.
        modal: only behind `should`.
    """
    if not words or not _may_be_subject(words):
        return None
    found = lows(words)
    marks = known.MODALS if modal else known.MODALS | {"to", "could", "would"} if free else set()
    place = next((i for i, low in enumerate(found) if i and low in marks and i + 1 < len(words)), None)
    if place is not None and (found[place] != "to" or found[place + 1] in known.STRONG | known.WEAK):
        subject, predicate = words[:place], words[place + 1 :]
    elif modal:
        return _counted(words)
    elif words[0].low == "it" and styled(words[1:]):
        return style(words[:1], words[1:])
    else:
        split = split_predicate(words)
        if split is None:
            return None
        subject, predicate = split
    if not predicate or head(subject) in known.UNSEEN or len(subject) > 8:
        return None
    if not free and not _visible(predicate):
        return None
    return state(subject, predicate)


def _may_be_subject(words: Words) -> bool:
    first = words[0].low
    return (
        first in known.DETERMINERS | known.PERSONS - {"me"} | {"it", "there", "everything"} or "'s" in first
    )


def _visible(predicate: Words) -> bool:
    """Whether what is said of a subject may be seen, and is no opinion: `be red`, not `be interpreted`."""
    verb, rest = predicate[0].low, predicate[1:]
    if verb not in known.BE:
        return verb in known.HAVE | {
            "wear",
            "hold",
            "look",
            "become",
            "turn",
            "say",
            "read",
            "disappear",
            "sit",
            "stand",
            "face",
        }
    if not rest:
        return False
    low = rest[0].low
    return (
        low in known.ADJECTIVES | known.TIMES | known.MEDIA | REACHED | known.ARTICLES | known.PLACING
        or (is_doing(low) and len(rest) > 1)
        or low in ("more", "made", "covered", "filled", "painted", "dyed", "dressed")
    )


def _wanted(words: Words) -> Transformation | None:
    """`I want the sky blue`, `I'd like a dog on the sofa`."""
    if words[0].low in known.INDEFINITE:
        behind = words[phrase_end(words) :]
        return (
            added(words)
            if behind and behind[0].low in known.PLACING | known.BESIDE and lead(behind[1:])
            else None
        )
    return verbs.make(words)


def _counted(words: Words) -> Transformation | None:
    """`the number of camels increases to two`."""
    found = lows(words)
    if found[:3] != ["the", "number", "of"]:
        return None
    ways = {"increases": "add", "increased": "add", "decreases": "remove", "decreased": "remove"}
    place = next((i for i, low in enumerate(found) if low in ways), None)
    if place is None:
        return None
    thing = concept(words[3:place])
    return (
        Transformation("add", "", thing) if ways[found[place]] == "add" else Transformation("remove", thing)
    )


def _fragment(words: Words) -> Transformation | None:
    """Without a verb: `as if painted by Monet`, `in the style of Van Gogh`, `a cat instead of a dog`."""
    found = lows(words)
    if "instead" in found[1:-2] and found[found.index("instead") + 1] == "of" and not _is_statement(words):
        new, old = words[: found.index("instead")], words[found.index("instead") + 2 :]
        if lead(new) and lead(old) and len(new) < 8:
            return Transformation("replace", concept(old), concept(new))
    if found[:2] in (["as", "if"], ["as", "though"]):
        return (
            style((), words[2:])
            if styled(words) or {"painted", "drawn", "taken", "made", "were"} & set(found)
            else None
        )
    if found[:4] == ["in", "the", "style", "of"] and len(found) > 4:
        return style((), words[4:])
    if found[0] in ("as", "in", "with", "like") and len(words) < 10 and not _is_statement(words):
        kinds = known.MEDIUM_NOUNS | {"painting", "drawing", "style", "filter", "mosaic"}
        if (head(words[1:]) in kinds or lows(words)[-2:] == ["comic", "book"]) and (
            lead(words[1:]) or len(words) < 5
        ):
            return style((), words[1:])
    if found[-1] == "style" and len(words) < 6 and styled(words[:-1]) and not lead(words):
        return style((), words)
    return None
