"""What is to be true of a thing: `the woman wear a dress`, `the floor marble`, `there be a dog`."""

from __future__ import annotations

from maskwright.pairs import instruction_words as known
from maskwright.pairs.instruction_phrases import (
    adjectival,
    bare,
    concept,
    head,
    is_adjective,
    is_doing,
    lead,
    lows,
    phrase,
    said_of,
    written,
)
from maskwright.pairs.instruction_text import Words
from maskwright.pairs.instruction_values import Transformation

_REPLACED = frozenset(
    ["replaced", "swapped", "substituted", "exchanged", "switched", "changed", "turned", "transformed", "converted"]
)
_REMOVED = frozenset(["removed", "deleted", "erased", "gone", "taken", "eliminated", "invisible", "absent", "missing", "hidden"])
_ADDED = frozenset(["added", "inserted", "included", "visible", "present"])
_MOVED = frozenset(["moved", "shifted", "rotated", "flipped", "relocated", "mirrored"])
REACHED = _REPLACED | _REMOVED | _ADDED | _MOVED
"""Participles that name an edit."""
_TO_STYLE = frozenset(
    ["as", "if", "like", "look", "to", "into", "in", "though", "it", "it's", "painted", "drawn", "made", "taken", "were", "by", "has", "had", "been"]
)
"""What stands before the name of a style."""
_SUITS = known.CLOTHES | known.COLOURS


def added(words: Words) -> Transformation | None:
    """The noun phrase that words begin with is there, and was not."""
    thing, behind = phrase(words), words[len(phrase(words)) :]
    noun = head(thing)
    if noun in known.UNSEEN or not any(sign.isalpha() for sign in noun) or noun in known.IDLE:
        return written_there(thing, behind) if thing and thing[-1].quoted else None
    place = behind[1:] if behind and behind[0].low in known.PREPOSITIONS else ()
    if "instead" in lows(behind) and "of" in lows(behind):
        rest = behind[lows(behind).index("instead") + 2 :]
        return Transformation("replace", concept(rest), concept(thing)) if bare(rest) else None
    if any(word.quoted for word in thing) or (
        noun in ("text", "words", "word", "caption", "title") and len(words) > 2
    ):
        return written_there(thing, behind)
    if noun in known.BACKGROUNDS:
        return Transformation(
            "background", "background" if "background" in noun else noun, _without_last(thing)
        )
    local = bool(bare(place)) and not is_whole(place)
    if noun in known.LOOKS | known.TONES | {"filter", "effect", "look", "blur", "vignette", "tint", "feel"}:
        if local:
            return Transformation("attribute", concept(place), concept(thing))
        return Transformation("style", "", concept(thing), "whole")
    if noun in known.TIMES - {"lightning", "sunset", "sunrise"} and not local:
        return Transformation("style", "", concept(thing), "whole")
    if noun in known.FACES and local:
        return Transformation("attribute", concept(place), concept(thing))
    return Transformation("add", "", concept(thing)) if concept(thing) else None


def written_there(thing: Words, behind: Words) -> Transformation | None:
    """Words are written on a thing: a quote, or what follows `text`, `saying`."""
    quotes = [word for word in [*thing, *behind] if word.quoted]
    place = next((i + 1 for i, word in enumerate(behind) if word.low in known.PLACING | {"to"}), None)
    where = concept(behind[place:]) if place is not None and not is_whole(behind[place:]) else ""
    if quotes:
        return Transformation("text", where, written(quotes[:1]))
    said = [i for i, word in enumerate(behind) if word.low in ("saying", "reading", "that", "says", "which")]
    if said:
        return Transformation("text", where, concept(behind[said[-1] + 1 :]))
    return Transformation("text", where, concept(thing))


def removed(words: Words) -> Transformation | None:
    """The noun phrase that words begin with is gone."""
    thing = phrase(words)
    noun = head(thing)
    if noun in known.UNSEEN or not concept(thing) or noun in known.IDLE or noun.isdigit():
        return None
    if thing[-1].quoted:
        return Transformation("text", concept(thing))
    action = "background" if noun in known.BACKGROUNDS - {"scene", "place", "venue"} else "remove"
    return Transformation(action, concept(thing))


def is_whole(words: Words) -> bool:
    """Whether a noun phrase means all of the picture: `it`, `the whole image`, `the photo of a dog`."""
    if len(words) == 1 and words[0].low in ("it", "this", "that", "everything"):
        return True
    thing = bare(phrase(words))
    plain = [
        word for word in thing if word.low not in ("entire", "whole", "given", "input", "original", "overall")
    ]
    if not plain:
        return False
    return plain[0].low in known.PICTURES and (len(plain) == 1 or plain[1].low == "of")


def styled(words: Words) -> bool:
    """Whether words speak of weather, time, light or a way of painting."""
    found = set(lows(words))
    if any(len(low) > 4 and low[:4].isdigit() and low.endswith("s") for low in found):
        return True
    return bool(found & (known.TIMES | known.MEDIA | known.MAKERS | {"style", "styled"}))


def style(original: Words, target: Words) -> Transformation | None:
    """All of the picture looks like target."""
    while target and target[0].low in known.BE | _TO_STYLE:
        target = target[1:]
    if "of" in lows(original):
        original = original[: lows(original).index("of")]
    named = "" if not original or is_whole(original) else concept(original)
    return (
        Transformation("style", named, concept(target) or written(bare(target)), "whole")
        if bare(target)
        else None
    )


def becomes(subject: Words, target: Words) -> Transformation | None:
    """A thing turns into another, or into the same with other looks."""
    if not bare(target) or head(subject) in known.UNSEEN or head(target) in known.UNSEEN:
        return None
    noun, after = head(subject), head(target)
    of_whole = "of" not in lows(subject) or is_whole(subject[lows(subject).index("of") + 1 :])
    if is_whole(subject) or (noun in known.TONES - {"colors", "colours"} and of_whole):
        if len(subject) == 1 and not styled(target) and target[0].low in known.INDEFINITE:
            return Transformation("replace", "", concept(target))
        if noun == "it" and not styled(target):
            return _looks(subject, target)
        return style(subject, target)
    if noun in known.TIMES and styled(target):
        return Transformation("style", concept(subject), concept(target), "whole")
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(subject), concept(target))
    if noun in known.SIGNS and (any(word.quoted for word in target) or after.replace(".", "").isdigit()):
        return Transformation("text", concept(subject), concept(target))
    if target[0].quoted or all(word.quoted for word in bare(subject)):
        return Transformation("text", concept(subject), concept(target))
    if noun in known.LOOKS:
        return _looks(subject, target)
    plain = bare(phrase(target))
    named = len(plain) == 1 and target[0].low in known.ARTICLES
    if after in ("one", "ones", "version", "color", "colour") or (adjectival(plain) and not named):
        return Transformation("attribute", concept(subject), said_of(subject, [w for w in plain if w.low != after] or plain)
                              if after in ("one", "ones") else said_of(subject, target))  # fmt: skip
    if after.removesuffix("s") == noun.removesuffix("s"):
        place = lows(plain).index(after)
        new = [word for word in plain[:place] if word.low not in lows(bare(subject))]
        alike = all(is_adjective(word) for word in new) and lows(plain[place + 1 : place + 2]) != ["of"]
        return Transformation("attribute" if alike else "replace", concept(subject), concept(target))
    if noun in ("hair", "hairstyle", "skin", "fur", "beard"):
        return Transformation("attribute", concept(subject), concept(target))
    if after in known.MEDIUM_NOUNS and noun not in known.SIGNS:
        return Transformation("style", concept(subject), concept(target))
    return Transformation("replace", concept(subject), concept(target))


def _looks(subject: Words, target: Words) -> Transformation | None:
    """A property gets another value: what is changed is what has it."""
    owner = owner_of(subject)
    if not owner and head(subject) in known.LOOKS and styled(target):
        return style(subject, target)
    return Transformation("attribute", concept(owner or subject), said_of(owner, target))


def owner_of(words: Words) -> Words:
    """What has the property that words name: `color of the dress`, `dress color`, `the man's pose`."""
    found = lows(words)
    if "of" in found:
        return phrase(words[found.index("of") + 1 :])
    plain = bare(phrase(words))
    if len(plain) > 1 and plain[-1].low in known.LOOKS:
        return plain[:-1]
    return [words[0]] if words and words[0].low in known.POSSESSIVES - {"its"} else []


def state(subject: Words, predicate: Words) -> Transformation | None:
    """What a subject is to do, have or be."""
    if not predicate or not subject:
        return None
    verb, rest = predicate[0].low, predicate[1:]
    noun = head(subject) or subject[-1].low
    if lows(rest)[:1] == ["that"] and len(rest) > 2:
        return None
    if subject[0].low == "there":
        return added(rest) if verb in known.BE | {"appear"} and rest else None
    if noun in known.UNSEEN:
        return None
    if verb in known.VANISHING or (verb in ("go", "went") and lows(rest)[:1] == ["away"]):
        return removed(subject)
    if verb == "appear" and not rest:
        return added(subject)
    if verb in known.BE:
        return _is(subject, rest)
    if verb in known.TURNING and rest and (rest[0].low in ("into", "to") or verb.startswith("become")):
        return becomes(subject, rest[1:] if rest[0].low in ("into", "to") else rest)
    if (
        verb in known.WRITING
        and rest
        and (rest[0].quoted or noun in known.SIGNS or verb not in ("read", "reads"))
    ):
        return Transformation(
            "text", "" if is_whole(subject) else concept(subject), concept(rest) or written(bare(rest))
        )
    if is_whole(subject):
        return _is_whole_picture(subject, predicate)
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(subject), concept(rest) or said_of(subject, predicate))
    if subject[0].low in known.INDEFINITE and verb not in ("look", "looks"):
        return added([*subject, *predicate])
    return Transformation("attribute", concept(subject), said_of(subject, predicate))


def _is_whole_picture(subject: Words, predicate: Words) -> Transformation | None:
    verb, rest = predicate[0].low, predicate[1:]
    if verb in known.TIMES or styled(predicate) or not (len(subject) == 1 and subject[0].low == "it"):
        return style(subject, predicate)
    if verb in ("look", "looks", "looked", "seem", "appear") and rest:
        if lows(rest)[:2] in (["like", "it"], ["like", "it's"], ["as", "if"], ["as", "though"]):
            return style(subject, rest)
        return Transformation("attribute", "", said_of([], rest[1:] if rest[0].low == "like" else rest))
    if verb in known.IDLE or not rest:
        return None
    return Transformation("attribute", "", said_of([], predicate))


def _is(subject: Words, rest: Words) -> Transformation | None:
    """A subject is to be something."""
    while rest and rest[0].low in ("be", "being", "now", "more"):
        if rest[0].low == "more" and len(rest) == 1:
            break
        rest = rest[1:]
    if not rest:
        return None
    first, behind = rest[0].low, rest[1:]
    place = next((i for i, w in enumerate(behind) if w.low in ("by", "with", "to", "into", "for")), None)
    if first in _REPLACED and place is not None:
        return becomes(subject, behind[place + 1 :])
    if first in _REMOVED:
        return removed(subject)
    if first in _ADDED:
        return added(subject)
    if first in _MOVED:
        return Transformation("move", concept(subject), concept(subject))
    if is_whole(subject):
        if first == "in" and (styled(behind) or adjectival(bare(phrase(behind)))):
            return style(subject, behind)
        if first in ("in", "at", "on") and not styled(rest):
            return Transformation("background", "", concept(behind))
        return becomes(subject, rest) if lead(rest) or styled(rest) else _is_whole_it(subject, rest)
    noun = head(subject)
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(subject), concept(rest) or said_of(subject, rest))
    if first in known.PREPOSITIONS:
        return located(subject, rest)
    if subject[0].low in known.INDEFINITE and subject[0].low != "one":
        return added(subject)
    if adjectival(bare(phrase(rest))) or is_doing(first) or (is_adjective(rest[0]) and not lead(rest) and behind
                                                              and behind[0].low in known.PREPOSITIONS):  # fmt: skip
        return Transformation("attribute", concept(subject), said_of(subject, rest))
    plural = noun.endswith("s") and head(rest).endswith("s") and not head(rest).endswith("ss")
    if lead(rest) or plural or noun in known.SIGNS or noun in known.LOOKS | known.TONES:
        return becomes(subject, rest)
    return Transformation("attribute", concept(subject), said_of(subject, rest))


def _is_whole_it(subject: Words, rest: Words) -> Transformation | None:
    if rest[0].low in known.IDLE or not (adjectival(bare(phrase(rest))) or is_doing(rest[0].low)):
        return None
    local = known.COLOURS | known.MATERIALS | known.SIZES | known.PATTERNS
    if subject[0].low == "it" and (set(lows(rest)) & local):
        return Transformation("attribute", "", said_of([], rest))
    return style(subject, rest)


def located(subject: Words, rest: Words) -> Transformation | None:
    """A subject is to be somewhere: in clothes is a look, beside something a move, in a place a background."""
    first, place = rest[0].low, rest[1:]
    if not bare(place):
        return None
    if first == "in" and (
        head(place) in _SUITS or set(lows(phrase(place))) & (known.CLOTHES | {"pose", "position"})
    ):
        return Transformation("attribute", concept(subject), said_of(subject, rest))
    if first in ("like", "of", "with", "from", "as") or head(place) in ("fire", "top", "flames", "love"):
        return Transformation("attribute", concept(subject), said_of(subject, rest))
    if styled(place) and first == "in" and "style" in lows(place):
        return Transformation("style", concept(subject), concept(place))
    if subject[0].low in known.INDEFINITE:
        return added(subject)
    if head(place) in known.PLACES or first in ("in", "at", "inside", "within", "underwater"):
        return Transformation("background", concept(subject), concept(place))
    return Transformation("move", concept(subject), said_of(subject, rest))


def _without_last(words: Words) -> str:
    plain = bare(words)
    return written(plain[:-1]) or written(plain)
