"""What an instruction asks for, and what is to be true of a thing: there, gone, another, `the woman wear a
dress`, `the floor marble`.
"""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.errors import InputError
from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.phrases import (
    adjectival,
    bare,
    concept,
    head,
    is_adjective,
    is_doing,
    is_whole,
    mark,
    owner_of,
    phrase,
    said_of,
    styled,
    unless_whole,
    written,
)
from maskwright.pairs.instruction.text import Words, lows

ACTIONS: dict[str, str] = {
    "add": "a thing is there that was not",
    "remove": "a thing is gone",
    "replace": "another thing stands in its place",
    "attribute": "the same thing looks otherwise: clothes, what it holds, pose, face, colour, material, size",
    "background": "the same things are in another place",
    "style": "weather, season, time of day, light, or the way of painting",
    "text": "what is written somewhere",
    "move": "the same thing is elsewhere in the picture, or turned",
    "unparsed": "no instruction that is understood",
}
"""Every action, and what the edited picture shows."""
SCOPES = ("local", "whole", "")


@dataclass(frozen=True, slots=True)
class Transformation:
    """An instruction, understood.

    Concepts are noun phrases of at most six words, in the words of the text and in their order, without
    articles before them; empty where there is none.

    Args:
        action: a key of `ACTIONS`.
        original_concept: what is acted on, to be found in the original.
        edited_concept: what is there afterwards, to be found in the edited picture.
        scope: `whole` where all of the picture is asked for, else `local`; empty for `unparsed`.
    """

    action: str
    original_concept: str = ""
    edited_concept: str = ""
    scope: str = "local"

    def __post_init__(self) -> None:
        if self.action not in ACTIONS or self.scope not in SCOPES:
            raise InputError(f"action {self.action!r} with scope {self.scope!r} is not known")


UNPARSED = Transformation("unparsed", scope="")

_BEFORE_STYLE = known.BE | known.wordset(
    "as if like look to into in though it it's painted drawn made taken by has had been appear at"
)
"""What stands before the name of a style."""

REPLACED = known.wordset(
    "replaced swapped substituted exchanged switched changed turned transformed converted"
)
REMOVED = known.wordset("removed deleted erased gone taken eliminated invisible absent missing hidden")
ADDED = known.wordset("added inserted included visible present")
MOVED = known.wordset("moved shifted rotated flipped relocated mirrored")


def added(words: Words) -> Transformation | None:
    """The noun phrase that words begin with is there, and was not."""
    thing = phrase(words)
    behind, noun, named = words[len(thing) :], head(thing), concept(thing)
    plain = bare(thing)
    if len(plain) > 1 and plain[0].low in known.LINES and lows(plain)[1] not in known.PREPOSITIONS:
        said = plain[2:] if lows(plain)[1] in ("saying", "reading") else plain[1:]
        return Transformation("text", _where(behind), written(said or plain))
    if any(word.quoted for word in thing) or (noun in known.LINES and len(words) > 2):
        return written_there(thing, behind)
    if noun in known.UNSEEN | known.IDLE or not any(sign.isalpha() for sign in noun):
        return None
    instead = mark(words, "instead", len(thing))
    if instead is not None and lows(words)[instead + 1 : instead + 2] == ["of"]:
        old = concept(words[instead + 2 :])
        return Transformation("replace", old, named) if old else None
    if noun in known.BACKGROUNDS:
        return Transformation("background", noun, written(bare(thing)[:-1]) or noun)
    place = behind[1:] if behind and behind[0].low in known.PREPOSITIONS else ()
    local = bool(bare(place)) and not is_whole(place)
    if local and noun in known.LOOKS | known.TONES | known.EFFECTS | known.FACES:
        return Transformation("attribute", concept(place), named)
    whole = known.LOOKS | known.TONES | known.EFFECTS | (known.TIMES - {"lightning", "sunset", "sunrise"})
    if noun in whole and not local:
        return style((), thing)
    return Transformation("add", "", named)


def written_there(thing: Words, behind: Words) -> Transformation:
    """Words are written on a thing: a quote, or what follows `text`, `saying`."""
    quotes = [word for word in [*thing, *behind] if word.quoted]
    said = [i for i, word in enumerate(behind) if word.low in ("saying", "reading", "that", "says", "which")]
    if quotes:
        return Transformation("text", _where(behind), written(quotes[:1]))
    return Transformation("text", _where(behind), concept(behind[said[-1] + 1 :] if said else thing))


def _where(words: Words) -> str:
    """The thing that words say something is written on."""
    place = next((i + 1 for i, word in enumerate(words) if word.low in known.PLACING | {"to"}), len(words))
    return unless_whole(words[place:])


def removed(words: Words) -> Transformation | None:
    """The noun phrase that words begin with is gone."""
    if lows(words)[:2] in (["everything", "except"], ["everything", "but"]):
        return Transformation("background", concept(words[2:]), concept(words[2:]))
    thing = phrase(words)
    noun = head(thing)
    if not concept(thing) or noun in known.UNSEEN | known.IDLE or noun.isdigit():
        return None
    if thing[-1].quoted:
        return Transformation("text", concept(thing))
    background = noun in known.BACKGROUNDS - {"scene", "place", "venue"}
    return Transformation("background" if background else "remove", concept(thing))


def becomes(subject: Words, target: Words) -> Transformation | None:
    """A thing turns into another, or into the same with other looks."""
    noun, after = head(subject), head(target)
    if not bare(target) or {noun, after} & known.UNSEEN or (len(noun) == 1 and noun.islower()):
        return None
    old, new = concept(subject), concept(target)
    owner = owner_of(subject)
    if is_whole(subject) or (noun in known.TONES and (not owner or is_whole(owner))):
        if len(subject) == 1 and not styled(target) and target[0].low in known.INDEFINITE:
            return Transformation("replace", "", new)
        if noun == "scene" and after in known.PLACES and not styled(target):
            return Transformation("background", old, new)
        return style(subject, target)
    if noun in known.TIMES and styled(target):
        return Transformation("style", old, new, "whole")
    if noun in known.BACKGROUNDS:
        return Transformation("background", old, new)
    wrote = any(word.quoted for word in target) or after.replace(".", "").isdigit()
    signed = wrote and not known.SIGNS.isdisjoint(lows(bare(phrase(subject))))
    if signed or target[0].quoted or subject[-1].quoted:
        return Transformation("text", old, new)
    if noun in known.LOOKS:
        return _looks(subject, target)
    return _another(subject, target) if noun and after else None


def _another(subject: Words, target: Words) -> Transformation:
    """Whether it is another thing, or the same with other looks."""
    old, new, plain = concept(subject), concept(target), bare(phrase(target))
    noun, after = head(subject), head(target)
    thing = len(plain) == 1 and target[0].low in known.ARTICLES  # `an orange`; the colour has no article
    if after in ("one", "ones"):
        said = [word for word in plain if word.low != after] or plain
        return Transformation("attribute", old, said_of(subject, said))
    if after in ("version", "color", "colour") or (adjectival(plain) and not thing):
        return Transformation("attribute", old, said_of(subject, target))
    if after.removesuffix("s") == noun.removesuffix("s"):
        place = lows(plain).index(after)
        fresh = [word for word in plain[:place] if word.low not in lows(bare(subject))]
        alike = all(is_adjective(word) for word in fresh) and lows(plain[place + 1 : place + 2]) != ["of"]
        return Transformation("attribute" if alike else "replace", old, new)
    if noun in known.HAIR:
        return Transformation("attribute", old, new)
    if after in known.MEDIUM_NOUNS and noun not in known.SIGNS:
        return Transformation("style", old, new)
    return Transformation("replace", old, new)


def _looks(subject: Words, target: Words) -> Transformation | None:
    """A property gets another value: what is changed is what has it."""
    owner = owner_of(subject)
    if not owner and styled(target):
        return style(subject, target)
    return Transformation("attribute", concept(owner or subject), said_of(owner or subject, target))


def state(subject: Words, predicate: Words) -> Transformation | None:
    """What a subject is to do, have or be."""
    if not predicate or not subject or lows(predicate)[1:2] == ["that"]:
        return None
    verb, rest = predicate[0].low, predicate[1:]
    noun = head(subject) or subject[-1].low
    if subject[0].low == "there":
        if lows(rest)[:1] == ["no"]:
            return removed(rest[1:])
        return added(rest) if verb in known.BE and rest else None
    if noun in known.UNSEEN:
        return None
    if verb in known.VANISHING or lows(predicate)[:2] in (["go", "away"], ["went", "away"]):
        return removed(subject)
    if verb == "appear" and subject[0].low in known.INDEFINITE:
        return added(subject)
    if noun in known.LOOKS - known.CLOTHES and owner_of(subject) and bare(rest):
        return _looks(subject, rest if verb in known.BE else predicate)
    if verb in known.BE:
        return _is(subject, rest)
    if verb in known.TURNING and rest and (rest[0].low in ("into", "to") or verb.startswith("become")):
        return becomes(subject, rest[1:] if rest[0].low in ("into", "to") else rest)
    if (found := _says(subject, verb, rest)) is not None:
        return found
    if is_whole(subject):
        return _whole_does(subject, predicate)
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(subject), concept(rest) or said_of(subject, predicate))
    if subject[0].low in known.INDEFINITE and verb not in ("look", "looks"):
        return added(subject)
    return Transformation("attribute", concept(subject), said_of(subject, predicate))


def _says(subject: Words, verb: str, rest: Words) -> Transformation | None:
    """`the sign say hello`, `the screen display the word "hello"`; a man who reads a book writes nothing."""
    where = unless_whole(subject)
    if verb in known.WRITING and rest:
        reads = verb in ("read", "reads") and head(subject) not in known.SIGNS and not rest[0].quoted
        if not reads:
            return Transformation("text", where, concept(rest) or written(bare(rest)))
    quotes = [word for word in rest if word.quoted]
    if verb in ("show", "display") and quotes:
        return Transformation("text", where, written(quotes[:1]))
    return None


def _whole_does(subject: Words, predicate: Words) -> Transformation | None:
    """What is said of the picture, or of `it`, which may be a thing."""
    verb, rest = predicate[0].low, predicate[1:]
    if styled(predicate) or subject[0].low != "it":
        return style(subject, predicate)
    if not rest or verb in known.IDLE:
        return None
    if verb in ("look", "looks", "looked", "seem", "appear"):
        if lows(rest)[:2] in (["like", "it"], ["like", "it's"], ["as", "if"], ["as", "though"]):
            return style(subject, rest)
        if adjectival(bare(rest)) and known.OF_THINGS.isdisjoint(lows(rest)):
            return style(subject, rest)
        return Transformation("attribute", "", said_of((), rest[1:] if rest[0].low == "like" else rest))
    return Transformation("attribute", "", said_of((), predicate))


def _is(subject: Words, rest: Words) -> Transformation | None:
    """What a subject is to be."""
    while len(rest) > 1 and rest[0].low in ("be", "being", "now", "more"):
        rest = rest[1:]
    if not rest:
        return None
    first = rest[0].low
    into = mark(rest, "by with to into for", 1)
    if first in REPLACED and into is not None:
        return becomes(subject, rest[into + 1 :])
    if first in REMOVED:
        return removed(subject)
    if first in ADDED:
        return added(subject)
    if first in MOVED | {"closer", "nearer", "further", "farther"}:
        return Transformation("move", concept(subject), concept(subject))
    if is_whole(subject):
        return _whole_is(subject, rest)
    noun = head(subject)
    if noun in known.BACKGROUNDS:
        return Transformation("background", concept(subject), concept(rest) or said_of(subject, rest))
    if noun in known.TONES and not owner_of(subject):
        return style(subject, rest)
    if first in known.PREPOSITIONS:
        return located(subject, rest)
    if subject[0].low in known.INDEFINITE and subject[0].low != "one":
        return added(subject)
    bent = is_adjective(rest[0]) and lows(rest)[1:2] and rest[1].low in known.PREPOSITIONS
    if adjectival(bare(phrase(rest))) or is_doing(first) or bent:
        return Transformation("attribute", concept(subject), said_of(subject, rest))
    several = (
        (noun.endswith("s") or noun in known.SEVERAL)
        and head(rest).endswith("s")
        and not head(rest).endswith("ss")
    )
    if first in known.DETERMINERS or several or noun in known.SIGNS | known.LOOKS:
        return becomes(subject, rest)
    return Transformation("attribute", concept(subject), said_of(subject, rest))


def _whole_is(subject: Words, rest: Words) -> Transformation | None:
    """What the picture, or `it`, is to be."""
    first, place = rest[0].low, bare(phrase(rest[1:]))
    if first == "of" and place:
        return Transformation("attribute", "", concept(place))
    if first == "in" and (styled(rest) or adjectival(place)):
        return style(subject, rest)
    if first in ("in", "at", "on") and not styled(rest):
        return Transformation("background", "", concept(place)) if place else None
    if first in known.DETERMINERS or styled(rest):
        return becomes(subject, rest)
    if first in known.IDLE or not (adjectival(bare(phrase(rest))) or is_doing(first)):
        return None
    if subject[0].low == "it" and not known.OF_THINGS.isdisjoint(lows(rest)):
        return Transformation("attribute", "", said_of((), rest))
    return style(subject, rest)


def located(subject: Words, rest: Words) -> Transformation | None:
    """A subject is to be somewhere: in clothes is a look, beside a thing a move, else a background."""
    first, place = rest[0].low, rest[1:]
    if not bare(place):
        return None
    noun = head(place)
    old = unless_whole(subject)
    clothes = known.CLOTHES | {"pose", "position"}
    worn = noun in known.COLOURS or any(low in clothes or low[:-1] in clothes for low in lows(phrase(place)))
    if (
        first in ("like", "of", "with", "without", "from", "as")
        or (first == "in" and worn)
        or noun in known.STATES
    ):
        return Transformation("attribute", old, said_of(subject, rest))
    if first == "in" and (noun in known.MEDIUM_NOUNS or (styled(place) and "style" in lows(place))):
        return Transformation("style", old, concept(place))
    if subject[0].low in known.INDEFINITE:
        return added(subject)
    if noun in known.PLACES or first in ("in", "at", "inside", "within"):
        return Transformation("background", old, concept(place))
    return Transformation("move", old, said_of(subject, rest))


def style(original: Words, target: Words) -> Transformation | None:
    """All of the picture looks like target; `original` is the property that is named: weather, lighting."""
    while target and target[0].low in _BEFORE_STYLE:
        target = target[1:]
    if styled(target) and not styled(phrase(target)):
        target = target[next(i for i, word in enumerate(target) if styled([word])) :]
    if not bare(target):
        return None
    original = original[: mark(original, "of", 1)]
    return Transformation("style", unless_whole(original), concept(target) or written(bare(target)), "whole")
