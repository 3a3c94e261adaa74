"""What is understood of an instruction."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.errors import InputError

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
