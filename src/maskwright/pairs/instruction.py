"""What an instruction asks for: an action, what it acts on, and what is there afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from maskwright.errors import InputError

ACTIONS = ("add", "remove", "replace", "attribute", "background", "style", "text", "move", "unparsed")
SCOPES = ("local", "whole", "")


@dataclass(frozen=True, slots=True)
class Transformation:
    """An instruction, understood.

    Args:
        action: one of `ACTIONS`; `unparsed` where the text is no instruction that is understood.
        original_concept: what is acted on, as it stands in the text; empty where there is none.
        edited_concept: what is there afterwards, as it stands in the text; empty where there is none.
        scope: `whole` where all of the picture is asked for, else `local`; empty for `unparsed`.
    """

    action: str
    original_concept: str = ""
    edited_concept: str = ""
    scope: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS or self.scope not in SCOPES:
            raise InputError(f"action {self.action!r} with scope {self.scope!r} is not known")


UNPARSED = Transformation("unparsed")


def parse(text: str | None) -> Transformation:
    """What an instruction asks for; `UNPARSED` where it is not understood."""
    words = (text or "").split()
    if len(words) > 1 and words[0].lower() == "add":
        return Transformation("add", "", " ".join(words[1:7]), "local")
    return UNPARSED
