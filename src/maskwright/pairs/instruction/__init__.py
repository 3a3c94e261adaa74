"""What an instruction asks for: an action, what it acts on, and what is there afterwards.

Rules over the words of English, without a model and without a network. What no rule understands is
`unparsed`: a wrong concept would point a grounding at the wrong thing, none costs nothing.

How a text passes through: two captions with an arrow between them go to `clauses` at once. Any other text is
cut into sentences of words by `text`, which mends slips and takes politeness away; `parse` below cuts the
sentences into one clause an edit, and looks the first word up in its table of verbs. The verb's rule, in
`verbs` or, where the verb says little of what is done, in `changes`, splits what stands behind it into
`phrases`, and `states` makes the answer of what is to be there, gone, another or otherwise. Where no verb of
the table stands first, `clauses` tries wishes, fragments and `the dog should be a wolf`. All of them know
words by the lists of `words`; each file imports only those named before it in: words, text, phrases, states,
verbs, changes, clauses.
"""

from __future__ import annotations

from dataclasses import replace

from maskwright.pairs.instruction import changes, verbs
from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.clauses import (
    ARROW,
    captions,
    clause_of,
    counted,
    fragment,
    imagined,
    wanted,
)
from maskwright.pairs.instruction.phrases import is_doing, mark
from maskwright.pairs.instruction.states import ACTIONS, UNPARSED, Transformation
from maskwright.pairs.instruction.text import (
    LEADS,
    LONGEST,
    POLITE,
    WONDERING,
    Words,
    behind,
    behind_lead,
    lows,
    near,
    opened_by,
    sentences,
    swapped,
    unasked,
    unguided,
)

__all__ = ["ACTIONS", "UNPARSED", "Transformation", "parse"]

_RULES: dict[str, verbs.Rule] = {
    word: rule
    for words, rule in (
        ("add", verbs.add),
        ("insert include attach introduce overlay append superimpose incorporate", verbs.insert),
        ("remove delete erase eliminate omit hide exclude discard", verbs.remove),
        ("lose ditch subtract", verbs.dropped),
        ("take", verbs.taken),
        ("cut wipe scrub rub strip wash clear photoshop airbrush leave kick", verbs.cut),
        ("get", verbs.rid),
        ("replace swap exchange", verbs.replace),
        ("trade", verbs.traded),
        ("substitute", verbs.substitute),
        ("use", verbs.use),
        ("put", verbs.put),
        ("place position hang stick install plant mount stack tie pin glue float", verbs.placed),
        ("scatter sprinkle", verbs.put),
        ("set", changes.set_to),
        ("transport teleport", verbs.carry),
        ("draw", verbs.draw),
        ("create generate build", verbs.create),
        ("write spell", verbs.write),
        ("print engrave carve stamp", verbs.inscribe),
        ("paint color colour recolor recolour dye tint repaint", changes.paint),
        ("brighten darken lighten sharpen blur enhance enlarge shrink shorten lengthen widen", verbs.alter),
        ("age smooth desaturate saturate increase decrease reduce boost resize straighten curl", verbs.alter),
        ("shave trim narrow pixelate illuminate intensify redden whiten blacken bleach", verbs.alter),
        ("scale warm cool soften dim", verbs.shaded),
        ("cover fill decorate dress wrap surround top drape coat", verbs.covered),
        ("open close raise lower tilt bend fold light", verbs.opened),
        (
            "peel slice crack melt burn freeze crumple shatter inflate deflate unfold twist rip tear",
            verbs.happen,
        ),
        ("fix correct balance improve restore", verbs.mended),
        ("apply", verbs.apply),
        ("move shift relocate reposition rotate flip mirror lift center centre", verbs.move),
        ("push pull slide drag spin nudge", verbs.pushed),
        ("bring throw drop slap pop", verbs.thrown),
        ("zoom", verbs.zoom),
        ("crop expand extend outpaint", verbs.crop),
        ("show", changes.show),
        ("isolate extract", verbs.alone),
        ("keep", verbs.keep),
        (
            "stylize stylise restyle cartoonize cartoonify reimagine colorize colourize colorise colourise",
            verbs.restyle,
        ),
        ("render depict redraw recreate reinterpret", verbs.redraw),
        ("change turn transform convert modify alter transfer morph", changes.change),
        ("edit switch adjust update rewrite", changes.change),
        ("let", changes.let),
        ("have", changes.have),
        ("make", changes.make),
        ("give", changes.give),
    )
    for word in words.split()
}
"""The verb that an instruction begins with -> what is made of the words behind it."""
_SLIPS = known.wordset(
    "remove replace change delete erase insert transform convert rotate modify include substitute"
    " exchange enlarge brighten darken eliminate colorize paint place"
)
"""Verbs that are taken for meant where a text begins with a word that is one slip away."""
_REAL = known.wordset(
    "remote removed removes remover replaced replaces chance charge changes changed changer orange"
    " deleted deletes erased eraser inserted inserts concert convent covert rotated rotates included"
    " includes modified exchanged paints painted pint point pain plane plate placed places palace peace"
    " pants faint saint print planet transforms enlarged darkened phase corp"
)
"""Words that are one slip away from those, and meant."""
_FINITE = known.wordset(
    "is are was were has had will would could can does did isn't aren't wasn't won't can't don't doesn't"
    " didn't am says thinks means makes helps requires"
)
_CANS = known.wordset(
    "a the trash garbage soda beer tin watering spray oil aluminum coke metal tuna food gas soup"
)
"""What stands before a can that is a thing."""
_SENTENCES = 4
"""Sentences that are looked at for the first edit."""


def parse(text: str | None) -> Transformation:
    """What an instruction asks for; never raises for what a text holds.

    The first edit of several decides the action and the concepts; the scope is `whole` if any of them asks
    for all of the picture. Texts of more than 2,000 characters are not read.

    Args:
        text: an instruction in English, or two captions with an arrow between them; None is none.

    Returns:
        `UNPARSED` for what is not understood: other languages, captions, questions, statements.

    >>> parse("let the woman wear a dress").edited_concept
    'woman wear a dress'
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
            one = _clause(clause, asked=sentence.asked)
            if one is None and found is None and clause[0].low not in LEADS:
                break
            found = found or one
            if one is not None and found is not None and one.scope == "whole":
                return replace(found, scope="whole")
    return found or UNPARSED


def _clauses(words: Words) -> list[Words]:
    """The sentence in parts, cut where a joint is followed by another verb of the table."""
    cuts = [0]
    for place in range(1, len(words) - 1):
        if words[place].low not in ("and", "then", ",", "but", "while"):
            continue
        if all(word.low in POLITE for word in words[:place]):
            continue
        start = place + 1
        while start < len(words) - 1 and words[start].low in POLITE | {"while"}:
            start += 1
        if _is_verb(words, start):
            cuts.append(place)
    return [words[start:end] for start, end in zip(cuts, [*cuts[1:], len(words)], strict=True)]


def _is_verb(words: Words, place: int) -> bool:
    """Whether a word is the verb of another edit: what it acts on stands behind it."""
    if words[place].low not in _RULES or place + 1 == len(words):
        return False
    after = words[place + 1]
    if after.quoted or after.low in known.DETERMINERS | known.PERSONS | {"it"}:
        return True
    return words[place].low in ("add", "remove", "replace", "change", "put", "make", "delete", "erase")


def _clause(words: Words, *, asked: bool) -> Transformation | None:
    """What one clause asks for; None where that is not understood.

    Args:
        asked: whether the sentence ends with a question mark.
    """
    words, how = unasked(unguided(words, _RULES))
    found = set(lows(words))
    if not words or found & known.ELSEWHERE or found & (known.READERS - {"my", "our", "myself"}):
        return None
    if opening := opened_by(words, WONDERING):
        return clause_of(behind(words, opening), free=True)
    if opening := opened_by(words, ("what would", "how would", "what will", "how will")):
        return imagined(behind(words, opening))
    one = None
    if not (asked and not how and words[0].low in ("have", "let", "make")):
        one = _imperative(words, how)
    if one is not None:
        return one
    if how == "clause":
        return clause_of(words, free=True) or wanted(words)
    if how == "may":
        return clause_of(words, free=False)
    rest, wish = unasked(behind_lead(words))
    return (
        _imperative(rest, wish)
        or fragment(words)
        or clause_of(words, free=False, modal=True)
        or counted(words)
    )


def _imperative(words: Words, how: str) -> Transformation | None:
    """`VERB ...`, where no finite verb stands that would make it a statement."""
    verb = _verb(words[0].low, how) if words else ""
    if not verb or is_statement(words):
        return None
    rest = words[1:]
    second = mark(rest, "and", 1)
    if (
        second is not None
        and verb in ("let", "have", "make", "change")
        and lows(rest)[second + 1 :][:1] == ["the"]
    ):
        first = _RULES[verb](rest[:second])  # `make the car red and the house blue`
        return first or _RULES[verb](rest)
    return _RULES[verb](rest)


def _verb(low: str, how: str) -> str:
    """The verb of the table that a first word is, mended; in -ing only behind `how about` and the like."""
    if low in _RULES:
        return low
    if how and is_doing(low):
        stem = low.removesuffix("ing")
        return next((verb for verb in (stem, stem + "e", stem[:-1]) if verb in _RULES), "")
    return "" if low in _REAL else near(low, _SLIPS) or swapped(low, _RULES)


def is_statement(words: Words) -> bool:
    """Whether a finite verb stands where an instruction has none: `change is good`."""
    for place, word in enumerate(words):
        if word.low in known.JOINTS or word.low in ("like", "as", "what", "how"):
            return False
        if word.low == "can":
            after = words[place + 1].low if place + 1 < len(words) else "of"
            if words[place - 1].low in _CANS or after in known.PREPOSITIONS:
                continue
        if word.low in _FINITE:
            return True
    return False
