"""Noun phrases, adjectives and predicates, found by closed classes of words and by endings; and what a
phrase speaks of: all of the picture, how it looks, whose a property is.
"""

from __future__ import annotations

from collections.abc import Sequence

from maskwright.pairs.instruction import words as known
from maskwright.pairs.instruction.text import COMMA, Word, Words, lows

CONCEPT_WORDS = 6
"""A concept has at most so many words: what models that find things by words were trained on is as short."""
_ENDINGS = ("ish", "ful", "less", "ous", "iest", "able", "ible", "ive", "ical", "colored", "coloured")


def is_adjective(word: Word) -> bool:
    """By our list, or by its ending."""
    low = word.low
    if low in known.ADJECTIVES:
        return True
    if "-" in low and low.rsplit("-", 1)[1] in known.ADJECTIVES:
        return True
    if len(low) < 5 or low in known.NO_ADJECTIVES:
        return False
    return low.endswith(_ENDINGS) or _participle(low) or _compared(low)


def _compared(low: str) -> bool:
    """Whether a word is a known adjective with -er or -est: `greener`, `happiest`, `sadder`."""
    stem = next((low.removesuffix(end) for end in ("er", "est") if low.endswith(end)), "")
    stems = {stem, stem + "e", stem[:-1], stem[:-1] + "y" if stem.endswith("i") else stem}
    return bool(stem) and bool(stems & known.ADJECTIVES)


def _participle(low: str) -> bool:
    return (low.endswith("ed") and not low.endswith("eed") and len(low) > 4) or is_doing(low)


def is_doing(low: str) -> bool:
    """Whether a word is a verb in -ing, and not a thing like a building."""
    return len(low) > 4 and low.endswith("ing") and low not in known.ING_NOUNS


def adjectival(words: Words) -> bool:
    """Whether words are adjectives, with adverbs and `and` between them."""
    meant = [
        word for word in words if word.low not in known.ADVERBS and word.low not in ("and", ",", "or", "with")
    ]
    if len(meant) > 1 and meant[-1].low == "cream":
        return False
    return bool(meant) and all(is_adjective(word) for word in meant)


def lead(words: Words) -> int:
    """How many determiners words begin with; `all of the`, `one of the` and `a pair of` count, too."""
    place = 0
    while place < len(words):
        low = words[place].low
        if low in known.DETERMINERS:
            place += 1
        elif (
            place + 1 < len(words)
            and low in ("all", "one", "some", "each", "most", "part", "half")
            and words[place + 1].low == "of"
        ):
            place += 2
        else:
            break
    if 0 < place < len(words) and words[place].low == "of" and place + 1 < len(words):
        return place + 1 + lead(words[place + 1 :])
    return place


def named(words: Words) -> bool:
    """Whether words begin with an article, a person or an owner: `a mat` does, `mats` does not."""
    return bool(words) and (lead(words) > 0 or words[0].low in known.PERSONS or "'s" in words[0].low)


def phrase_end(words: Words) -> int:
    """Where the noun phrase ends that words begin with; only `of` and `with` carry it on."""
    start = lead(words)
    place = start
    while place < len(words):
        word = words[place]
        low = word.low
        if word == COMMA or low in known.JOINTS or low in known.BE or low in known.MODALS:
            break
        if low in ("of", "with") and place > start and place + 1 < len(words):
            place += 1 + lead(words[place + 1 :])
            continue
        if low in known.PREPOSITIONS:
            break
        if place > start and low in known.ARTICLES | known.POSSESSIVES:
            before = words[place - 1].low
            if before not in ("and", "or") and not is_doing(before):
                break
        if place > start and _stands_for_place(words, place):
            break
        if low == "and" and place + 1 < len(words) and words[place + 1].low in known.STRONG:
            break
        place += 1
    return place


def _stands_for_place(words: Words, place: int) -> bool:
    """Whether a participle begins to say where a thing is: `standing on`, `parked near`, a last `flying`."""
    low = words[place].low
    if not (is_doing(low) or (low.endswith("ed") and len(low) > 4) or low in known.MADE):
        return False
    after = words[place + 1].low if place + 1 < len(words) else ""
    return not after or after in known.PREPOSITIONS or after == "down"


def phrase(words: Words) -> Words:
    """The noun phrase that words begin with, with its determiners."""
    return words[: phrase_end(words)]


def bare(words: Words) -> list[Word]:
    """Without the determiners before and the loose words behind."""
    found = list(words)
    start = lead(found)
    while start and found[start - 1].low in known.NUMBERS:
        start -= 1
    if start and start == len(found) and found[-1].low in known.PERSONS:
        start -= 1
    found = found[start:]
    while found and (found[-1].low in known.LOOSE or found[-1] == COMMA):
        found.pop()
    if found and found[-1].low.endswith("'s"):
        found[-1] = Word(found[-1].text[:-2], found[-1].low[:-2])
    return found


def concept(words: Words) -> str:
    """The noun phrase that words begin with as a concept: without articles, at most `CONCEPT_WORDS` words.

    A phrase that is too long loses what follows its last `with`, `of`, `and` that is early enough; else its
    first words, since the head of an English phrase is its last.
    """
    found = bare(phrase(words))
    if len(found) > CONCEPT_WORDS:
        marks = [
            i for i, word in enumerate(found) if word.low in ("with", "of", "and", "or") or is_doing(word.low)
        ]
        early = [i for i in marks if 0 < i <= CONCEPT_WORDS]
        found = bare(found[: early[-1]]) if early else found[-CONCEPT_WORDS:]
    return written(found)


def written(words: Words) -> str:
    """Words as a text, at most `CONCEPT_WORDS` of them."""
    return " ".join(" ".join(word.text for word in words if word != COMMA).split()[:CONCEPT_WORDS])


def head(words: Words) -> str:
    """The head noun of a phrase, in lower case: the last word before `of` or `with`."""
    found = bare(phrase(words))
    for place, word in enumerate(found):
        if place and (word.low in known.PREPOSITIONS or word.low == "and" or is_doing(word.low)):
            return found[place - 1].low
    return found[-1].low if found else ""


def said_of(subject: Words, predicate: Words) -> str:
    """What is there afterwards where something is said of a thing: `woman wear a dress`, `floor marble`."""
    thing = bare(phrase(subject))
    if len(thing) == 1 and thing[0].low in ("it", "there", "this", "that"):
        thing = []
    said = [word for word in _trimmed(predicate) if word != COMMA]
    if len(thing) + len(said) > CONCEPT_WORDS:
        thing = _short(thing)
        said = [word for word in said if word.low not in known.ARTICLES]
    room = CONCEPT_WORDS - len(thing)
    if len(said) > room:
        ends = [i for i, word in enumerate(said) if 0 < i <= room and word.low in known.PREPOSITIONS]
        said = said[: ends[-1]] if ends else [*said[:1], *said[1:][1 - room :]] if room > 1 else said[:1]
    return written(bare(thing + said))


def _short(thing: Sequence[Word]) -> list[Word]:
    for place, word in enumerate(thing):
        if place and word.low in known.PREPOSITIONS:
            return list(thing[:place])[-2:]
    return list(thing)[-2:]


def _trimmed(predicate: Words) -> list[Word]:
    """Without `be`, `to` and articles before, and without what stands behind `instead of` or a comma."""
    found = list(predicate)
    for place, word in enumerate(found):
        if word == COMMA or (
            place and word.low in ("instead", "rather", "so", "while", "because", "that", "which")
        ):
            found = found[:place]
            break
    while found and (found[0].low in known.BE | known.ARTICLES | {"to", "into", "all", "very", "more"}):
        if found[0].low in ("more", "very", "all") and len(found) == 1:
            break
        found = found[1:]
    return found


def split_predicate(words: Words) -> tuple[Words, Words] | None:
    """Subject and predicate of `the woman wear a dress`; None where no verb is found.

    The first word behind the subject's first noun that is hardly ever a noun is the verb; one that may be
    either is, where no such verb stands in the same phrase.
    """
    start = first_noun(words)
    for place in range(start, len(words)):
        low = words[place].low
        if low in known.STRONG and words[place - 1].low not in known.PREPOSITIONS:
            return words[:place], words[place:]
        if low in known.WEAK and _may_be_verb(words, place):
            return words[:place], words[place:]
        if low in ("that", "who", "which"):
            break
    for place in range(start, len(words)):
        if is_doing(words[place].low) and words[place - 1].low not in known.PREPOSITIONS:
            return words[:place], words[place:]
        if words[place].low in known.JOINTS:
            break
    return None


def first_noun(words: Words) -> int:
    """Where the predicate may begin at the earliest."""
    if not words:
        return 0
    first = words[0].low
    if first in known.PERSONS or first in ("it", "there", "everything", "this", "that"):
        behind = words[1].low if len(words) > 1 else ""
        if first not in ("her", "this", "that") or not behind or is_doing(behind):
            return 1
        if behind in known.STRONG | known.WEAK | known.PREPOSITIONS:
            return 1
        if len(words) == 2 and first == "her" and is_adjective(words[1]):
            return 1
    return lead(words) + 1


def _may_be_verb(words: Words, place: int) -> bool:
    before, behind = words[place - 1], words[place + 1 :]
    if before.low in known.DETERMINERS | known.PREPOSITIONS and place != first_noun(words):
        return False
    if before.low.endswith("'s") or (before.low in known.COLOURS and place > 1):
        return False
    for word in behind:
        if word.low in known.DETERMINERS | known.PREPOSITIONS | known.JOINTS:
            break
        if word.low in known.STRONG:
            return False
    return True


def adjectives_at_end(words: Words) -> int:
    """Where the adjectives begin that words end with, behind a noun; the length if there are none."""
    start = first_noun(words)
    place = len(words)
    while place > start and (
        is_adjective(words[place - 1]) or words[place - 1].low in known.ADVERBS | {"and", ","}
    ):
        place -= 1
    while place < len(words) and words[place].low in ("and", ","):
        place += 1
    return place if adjectival(words[place:]) else len(words)


def mark(words: Words, marks: str, behind: int) -> int | None:
    """Where the first of some words stands, not before place `behind` and not first of all."""
    wanted = marks.split()
    return next((i for i in range(max(behind, 1), len(words)) if words[i].low in wanted), None)


_OF_ALL = known.wordset("entire whole given input original overall")


def is_whole(words: Words) -> bool:
    """Whether a noun phrase means all of the picture: `it`, `the whole image`, `the photo of a dog`."""
    if len(words) == 1 and words[0].low in ("it", "this", "that", "everything"):
        return True
    found = [word.low for word in bare(phrase(words)) if word.low not in _OF_ALL]
    return bool(found) and found[0] in known.PICTURES and found[1:2] in ([], ["of"])


def unless_whole(words: Words) -> str:
    """The noun phrase that words begin with as a concept; empty where all of the picture is meant."""
    return "" if is_whole(words) else concept(words)


def styled(words: Words) -> bool:
    """Whether words speak of weather, time, light or a way of painting."""
    found = lows(words)
    if any(len(low) == 5 and low[:4].isdigit() and low[4] == "s" for low in found):  # the 1920s
        return True
    return not (known.TIMES | known.MEDIA | known.MAKERS | {"style", "styled"}).isdisjoint(found)


def owner_of(words: Words) -> Words:
    """What has the property that words name: `color of the dress`, `dress color`, `the man's pose`."""
    of = mark(words, "of", 1)
    if of is not None:
        return phrase(words[of + 1 :])
    plain = bare(phrase(words))
    if len(plain) > 1 and plain[-1].low in known.LOOKS:
        return [word for word in plain[:-1] if word.low != "facial"]
    return words[:1] if words and words[0].low in known.POSSESSIVES - {"its"} else ()
