"""A text as words, slips of the keyboard mended; and what stands around the words that matter: politeness,
wishes, thanks, other pictures to be followed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from maskwright.pairs.instruction.words import openings, wordset

LONGEST = 2000
"""Characters of a text that is read at all; the longest instruction we met in a public set has about 700."""
LONGEST_WORD = 40
_WORD = r"[^\W_]+(?:['’\-&][^\W_]+)*"
_TOKEN = re.compile(
    rf"""
      (?P<quoted>["“”«»„][^"“”«»„]*["“”«»„]?
        | (?<![^\W_])['‘`][^'‘’`]{{1,80}}['’`](?![^\W_]))
    | (?P<number>[$€£]?\d+(?:[.,:/]\d+)+%?)
    | (?P<word>{_WORD}['’]?)
    | (?P<stop>[.!?;\n]+)
    | (?P<comma>[,:()—–])
    """,
    re.VERBOSE,
)
_CODE = re.compile(r"[{}\\^~=<>]|@\w|//|\w\(|\w_\w|\.(?:com|org|net|py|js|txt|html)\b")
"""Signs of programs, addresses and markup."""
_SLOT = re.compile(r"\[\*?v\*?\]", re.IGNORECASE)
"""How AnyEdit says that another picture belongs to the instruction."""
_OPENING = re.compile(
    r"""\s* (?: [-*•>#]+\s+ | \(?\d{1,2}\s*[.):]\s+ | \(?[a-z][.)]\s+
      | (?:edit(?:ing)?\s+)?(?:instruction|prompt|edit|step|task|request|turn)s?\s*\d{0,2}\s*[:.)]\s* )+""",
    re.VERBOSE | re.IGNORECASE,
)
_INNER = re.compile(r"(?<=\s)\(?\d{1,2}[.)]\s+(?=[a-zA-Z])")
"""A number of a list that goes on in the same line."""
_PLAIN = re.compile(r"[A-Za-z]")
_FOREIGN = wordset(
    "le les o un une des du et est avec dans sur pour au aux el los las del por con para una uno lo y il"
    " gli della nel der das den dem ein eine einen einem und mit zu im auf ist het een op voor naar os um"
    " uma em da dos na ao och ett med til og på som till av w z je yang di ke dan bir ve bu nicht en la de"
    " que se su ce cette che è à é ska att ta bort"
)
"""What hardly an English sentence of a few words holds, but the commonest sentences of its neighbours do."""
_ENGLISH = wordset(
    "the a an to of in on with and by into for it be is from make add remove replace change that this his"
    " her their"
)
_SPELLED = {
    slip: meant
    for meant, slips in (
        ("the", "teh hte"),
        ("with", "wiht wtih iwth"),
        ("to", "ot"),
        ("into", "ino inot itno"),
        ("of", "fo"),
        ("and", "adn nad"),
        ("that", "taht"),
        ("background", "backgroud backgorund backround bakground backgrond"),
        ("woman", "woamn"),
        ("wear", "waer weare wera"),
        ("wearing", "weraing waering"),
        ("hold", "hodl hlod"),
        ("holding", "holdign"),
        ("color", "colr coulor clor colro"),
        ("their", "thier"),
        ("there", "ther theer"),
        ("have", "hvae haev ahve"),
        ("make", "mkae amke maek mke"),
        ("add", "aad ad addd adda"),
        ("put", "ptu"),
        ("let", "lte elt"),
        ("turn", "trun tunr turrn"),
        ("give", "gvie giev"),
        ("swap", "swpa"),
        ("please", "pelase pleae plase pls plz"),
        ("let's", "lets"),
    )
    for slip in slips.split()
}
"""Slips in the words that rules look for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word, a quote without its marks, or a comma.

    Args:
        text: as it stands.
        low: in lower case, mended; what rules look at. Empty for a quote.
    """

    text: str
    low: str

    @property
    def quoted(self) -> bool:
        return not self.low


_MENDED = ("background", "painting", "cartoon", "watercolor", "winter", "snowy")
"""Longer words that rules look for, mended where one is one slip away."""
_LIKE_MENDED = wordset(
    "paintings printing pointing panting fainting cartoons watercolour watercolors winters winner wither"
    " backgrounds showy snow snows snowys"
)
"""Words that are one slip away from those, and meant."""
Words: TypeAlias = Sequence[Word]
COMMA = Word(",", ",")


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words up to a stop, and whether that was a question mark."""

    words: tuple[Word, ...]
    asked: bool


def sentences(text: str) -> list[Sentence]:
    """The sentences of a text; empty where it is not English or written for a machine."""
    text = _unwrapped(_SLOT.sub(" ", text))
    found: list[Sentence] = []
    words: list[Word] = []
    bare: list[str] = []
    for match in _TOKEN.finditer(text):
        kind, token = match.lastgroup, match.group()
        if len(token) > LONGEST_WORD and kind == "word":
            return []
        if kind == "stop":
            found.append(Sentence(tuple(words), "?" in token))
            words = []
        elif kind == "comma":
            words.append(COMMA)
        elif kind == "quoted":
            if inside := token.strip("\"“”«»„'‘’`").strip():
                words.append(Word(inside, ""))
        else:
            low = token if token == "US" else token.lower().replace("’", "'")
            bare.append(low)
            words.append(Word(token, _mended(low)))
        _joined(words)
    found.append(Sentence(tuple(words), False))
    unquoted = _TOKEN.sub(lambda match: "" if match.lastgroup == "quoted" else match.group(), text)
    if _CODE.search(unquoted) or _foreign(bare):
        return []
    return [each for each in found if any(word != COMMA for word in each.words)]


def _joined(words: list[Word]) -> None:
    """Read the last words as one where they are one: `time of day`, `in place (of)`; and `A` as a name."""
    last = [word.low for word in words[-3:]]
    if last[-2:] == ["their", "be"]:
        words[-2] = Word(words[-2].text, "there")
    if last in (["time", "of", "day"], ["time", "of", "year"]):
        words[-3:] = [Word(" ".join(word.text for word in words[-3:]), "season")]
    if last == ["in", "place", "of"]:
        words[-3:-1] = [Word(" ".join(word.text for word in words[-3:-1]), "instead")]
    if len(words) > 2 and words[-2].text == "A" and last[-1] in ("to", "be", "by", "with", "into", "for"):
        words[-2] = Word("A", "A")


def _unwrapped(text: str) -> str:
    """Without numbering before it and quotes around all of it."""
    text = _INNER.sub("\n", text.strip())
    opening = _OPENING.match(text)
    if opening:
        text = text[opening.end() :].strip()
    if (
        len(text) > 2
        and text[0] in "\"“'‘`«"
        and text[-1] in "\"”'’`»"
        and not re.search(r"[\"“”«»]", text[1:-1])
    ):
        inner = text[1:-1]
        if not re.search(r"(?<![^\W_])['‘`]|['’`](?![^\W_])", inner):
            text = inner
    return text


def _mended(low: str) -> str:
    """A word as it was meant, where rules look for it; concepts keep it as it stands."""
    if low in _SPELLED:
        return _SPELLED[low]
    return low if low in _LIKE_MENDED else near(low, _MENDED) or low


def _foreign(lows: Sequence[str]) -> bool:
    """Whether the words speak another language than English."""
    letters = sum(len(low) for low in lows)
    plain = sum(len(_PLAIN.findall(low)) for low in lows)
    if letters and plain + sum(sign.isdigit() for low in lows for sign in low) < 0.8 * letters:
        return True
    foreign = sum(low in _FOREIGN for low in lows)
    return foreign > sum(low in _ENGLISH for low in lows) or (foreign >= 2 and foreign * 4 > len(lows))


def near(word: str, verbs: Iterable[str]) -> str:
    """The verb that a word is one slip away from: a letter more, less, other, or two swapped; else empty."""
    if len(word) < 4 or not word.isalpha():
        return ""
    found = [verb for verb in verbs if abs(len(verb) - len(word)) < 2 and _one_slip(word, verb)]
    alike = [verb for verb in found if verb[0] == word[0]]
    return (alike or found)[0] if 1 in (len(alike), len(found)) else ""


def swapped(word: str, verbs: Iterable[str]) -> str:
    """The verb that a word is once two neighbouring letters are swapped; else empty."""
    found = [
        verb for verb in verbs if sorted(verb) == sorted(word) and word != verb and _one_slip(word, verb)
    ]
    return found[0] if len(word) > 3 and len(found) == 1 else ""


def _one_slip(first: str, second: str) -> bool:
    """Whether the optimal string alignment distance of two different words is 1."""
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    one, other = first[start:], second[start:]
    return one != other and (
        one[1:] == other[1:]
        or one[1:] == other
        or one == other[1:]
        or (one[:2] == other[:2][::-1] and one[2:] == other[2:])
    )


def lows(words: Words) -> list[str]:
    return [word.low for word in words]


POLITE = wordset(
    "please kindly hey hi hello ok okay now so next first firstly second secondly then also and just"
    " maybe perhaps finally well lastly , could can would will u can't won't couldn't possibly simply try"
    " to carefully quickly instead yes"
)
"""Words that may stand before the verb of an instruction."""
_WISHES = openings(
    "i want, i would like, i would like to see, i'd like, i'd like to see, i would love, "
    "i would love to see, i'd love, i'd love to see, i need, i want to see, let's see, "
    "would it be possible for, is it possible for, i wish, can we, could we, how about, what about, "
    "ensure that, make sure that, make it so, make it so that, change it so that, "
    "change the image so that, change the photo so that, edit the image so that, "
    "edit the image such that, modify the image so that, generate an image where"
)
"""What a verb may follow, or a clause: a subject and what it is to do."""
_REQUESTS = openings(
    "i want you to, i want to, i would like you to, i would like to, i'd like you to, i'd like to, "
    "i need you to, i need to, i think we should, i think you should, we want to, we should, we could, "
    "you could, let us, let's, could you, can you, would you, will you, can i, could i, may i, "
    "would you mind, do you mind, is it possible to, would it be possible to, how about we, why not, "
    "why don't we, why don't you, go ahead and, it would be nice to, it would be great to, "
    "your task is to, the task is to, use photoshop to, edit the image to, edit the photo to, "
    "edit the picture to, edit this image to, edit this photo to, edit the image by, "
    "modify the image to, help me, help me to"
)
"""What a verb follows."""
WONDERING = openings(
    "what if, what would it look like if, what will it look like if, what would happen if, "
    "what will happen if, how would it look if, show me what it would look like if, imagine, "
    "imagine if, imagine that, suppose, suppose that, pretend, pretend that, it would be better if, "
    "it would be nice if, it would be cool if"
)
"""What a clause follows that is not so yet."""
_THANKS = ("please", "thank you", "thanks", "for me", "if possible", "if you can", "thank you so much")
_GUIDES = wordset("follow refer watch based according given using use check see look consider with")
_GIVEN = wordset("given provided reference visual")
LEADS = wordset("in for on at from to using with if based given")
"""Words that a phrase before a comma begins with, behind which the verb stands."""
_LONGEST_LEAD = 14
"""Words that are looked at for the end of such a phrase."""


def opened_by(words: Words, openings: Collection[str]) -> str:
    """The longest of some openings that words begin with; empty if none."""
    found = lows(words[:10])
    opened = [each for each in openings if found[: each.count(" ") + 1] == each.split()]
    return max(opened, key=len, default="")


def behind(words: Words, opening: str) -> Words:
    """What stands behind an opening."""
    return words[len(opening.split()) :]


def unasked(words: Words) -> tuple[Words, str]:
    """Words without politeness and wishes before them and thanks behind, and how it was asked.

    Returns:
        `clause` where a clause may follow the wish, `may` behind can and could, `verb` where another wish or
        `please` was there; else empty.
    """
    how = ""
    while words and (words[-1].low == "," or (thanks := _thanked(words))):
        if words[-1].low == ",":
            words = words[:-1]
        else:
            words, how = words[: -len(thanks.split())], "verb"
    for _ in range(8):
        if opening := opened_by(words, _WISHES + _REQUESTS):
            words, how = behind(words, opening), "clause" if opening in _WISHES else "verb"
        elif words and words[0].low in POLITE:
            how = "may" if words[0].low in ("can", "could") else how
            words = words[1:]
        else:
            break
    return words, how


def _thanked(words: Words) -> str:
    found = lows(words[-4:])
    return next((each for each in _THANKS if found[-each.count(" ") - 1 :] == each.split()), "")


def unguided(words: Words, verbs: Collection[str]) -> Words:
    """Without `follow the given depth map to` before the verb, as AnyEdit has it."""
    found = lows(words[: _LONGEST_LEAD + 1])
    if found and found[0] in _GUIDES and not _GIVEN.isdisjoint(found):
        for place in range(2, len(found) - 1):
            if found[place] in ("to", ",") and found[place + 1] in verbs:
                return words[place + 1 :]
    return words


def behind_lead(words: Words) -> Words:
    """What stands behind `in the image,`; nothing where words do not begin like that."""
    found = lows(words[:_LONGEST_LEAD])
    return words[found.index(",") + 1 :] if found and found[0] in LEADS and "," in found else ()
