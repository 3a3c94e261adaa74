"""What stands around the words that matter: politeness, wishes, thanks, other pictures to be followed."""

from __future__ import annotations

from collections.abc import Collection

from maskwright.pairs.instruction_phrases import lows
from maskwright.pairs.instruction_text import Words
from maskwright.pairs.instruction_words import wordset

POLITE = wordset(
    "please kindly hey hi hello ok okay now so next first firstly second secondly then also and just"
    " maybe perhaps finally well lastly , could can would will u can't won't couldn't possibly simply try"
    " to carefully quickly instead yes"
)
"""Words that may stand before the verb of an instruction."""

_WISHES = (
    "i want",
    "i would like",
    "i would like to see",
    "i'd like",
    "i'd like to see",
    "i would love",
    "i would love to see",
    "i'd love",
    "i'd love to see",
    "i need",
    "i want to see",
    "let's see",
    "would it be possible for",
    "is it possible for",
    "i wish",
    "can we",
    "could we",
    "how about",
    "what about",
    "ensure that",
    "make sure that",
    "make it so",
    "make it so that",
    "change it so that",
    "change the image so that",
    "change the photo so that",
    "edit the image so that",
    "edit the image such that",
    "modify the image so that",
    "generate an image where",
)
"""What a verb may follow, or a clause: a subject and what it is to do."""
_REQUESTS = (
    "i want you to",
    "i want to",
    "i would like you to",
    "i would like to",
    "i'd like you to",
    "i'd like to",
    "i need you to",
    "i need to",
    "i think we should",
    "i think you should",
    "we want to",
    "we should",
    "we could",
    "you could",
    "let us",
    "let's",
    "could you",
    "can you",
    "would you",
    "will you",
    "can i",
    "could i",
    "may i",
    "would you mind",
    "do you mind",
    "is it possible to",
    "would it be possible to",
    "how about we",
    "why not",
    "why don't we",
    "why don't you",
    "go ahead and",
    "it would be nice to",
    "it would be great to",
    "your task is to",
    "the task is to",
    "use photoshop to",
    "edit the image to",
    "edit the photo to",
    "edit the picture to",
    "edit this image to",
    "edit this photo to",
    "edit the image by",
    "modify the image to",
    "help me",
    "help me to",
)
"""What a verb follows."""
WONDERING = (
    "what if",
    "what would it look like if",
    "what will it look like if",
    "what would happen if",
    "what will happen if",
    "how would it look if",
    "show me what it would look like if",
    "imagine",
    "imagine if",
    "imagine that",
    "suppose",
    "suppose that",
    "pretend",
    "pretend that",
    "it would be better if",
    "it would be nice if",
    "it would be cool if",
)
"""What a clause follows that is not so yet."""
_THANKS = ("please", "thank you", "thanks", "for me", "if possible", "if you can", "thank you so much")
_GUIDES = wordset("follow refer watch based according given using use check see look consider with")
_GIVEN = wordset("given provided reference visual")
LEADS = wordset("in for on at from to using with if based given")
"""Words that a phrase before a comma begins with, behind which the verb stands."""
_LONGEST = 14
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
    found = lows(words[: _LONGEST + 1])
    if found and found[0] in _GUIDES and not _GIVEN.isdisjoint(found):
        for place in range(2, len(found) - 1):
            if found[place] in ("to", ",") and found[place + 1] in verbs:
                return words[place + 1 :]
    return words


def behind_lead(words: Words) -> Words:
    """What stands behind `in the image,`; nothing where words do not begin like that."""
    found = lows(words[:_LONGEST])
    return words[found.index(",") + 1 :] if found and found[0] in LEADS and "," in found else ()
