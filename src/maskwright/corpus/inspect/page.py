"""The page of an inspection: what is wrong, how the source will be read, twelve pairs of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from maskwright.corpus.inspect.values import Inspection, SheetPair
from maskwright.corpus.report import BACKGROUND_SAYS
from maskwright.pages.cards import PairCard
from maskwright.pages.images import mask_uri, shot_of
from maskwright.pages.page import render
from maskwright.pages.report import Count
from maskwright.pages.words import counted
from maskwright.pairs.values import REASONS, VERDICTS

RELATIONS = {
    "equal": "both sides have the same size",
    "larger": "the edited picture is larger",
    "smaller": "the edited picture is smaller",
    "other_shape": "the edited picture has another shape",
}


def inspection_page(inspection: Inspection) -> str:
    """The page as one HTML file."""
    return render(
        "inspection",
        inspection=inspection,
        sentence=sentence_of(inspection),
        cards=[_card(place, pair) for place, pair in enumerate(inspection.sheet)],
        sizes=_counts(inspection.sizes, {}),
        kinds=[
            ("Size of the edited picture against the original", _counts(inspection.relations, RELATIONS)),
            ("What annotate will find", _counts(inspection.verdicts, VERDICTS)),
            ("Outside the edits", _counts(inspection.backgrounds, BACKGROUND_SAYS)),
            ("How the original lies on the edited picture", _counts(inspection.geometries, {})),
        ],
        expected=[(each, REASONS[each.reason]) for each in inspection.expected],
    )


def sentence_of(inspection: Inspection) -> str:
    """What was found, in one sentence."""
    rows, count = counted(inspection.listing.rows, "row"), len(inspection.looked)
    looked = f"{count} {'was' if count == 1 else 'were'} looked at."
    if not inspection.findings:
        return f"Nothing wrong was found in {rows}; {looked}"
    return f"{tally(inspection)} in {rows}, of which {looked}"


def tally(inspection: Inspection) -> str:
    """How many mistakes and suspicions there are, in words; empty for none."""
    found = ((inspection.mistakes, "mistake"), (inspection.suspicions, "suspicion"))
    return " and ".join(counted(len(findings), word) for findings, word in found if findings)


def _card(place: int, pair: SheetPair) -> PairCard:
    width, height = pair.edited_size
    sizes = f"{width} × {height}"
    if pair.original_size != pair.edited_size:
        sizes = f"{pair.original_size[0]} × {pair.original_size[1]} to {sizes}"
    facts = f"{sizes}, {(pair.verdict or pair.reason).replace('_', ' ')}"
    note = REASONS.get(pair.reason, "")
    card = PairCard(f"pair-{place}", pair.id, facts, pair.instruction or "", None, note)
    if pair.original is None or pair.edited is None:
        return card
    drawn, third = (pair.mask, "known mask") if pair.mask is not None else (pair.change, "measured change")
    shot = shot_of(pair.original, pair.edited, drawn, None, longest_px=max(pair.edited.shape))
    return replace(card, shot=replace(shot, change="" if drawn is None else mask_uri(drawn)), third=third)


def _counts(words: Mapping[str, int], says: Mapping[str, str]) -> list[Count]:
    return [Count(word, says.get(word, ""), number, "") for word, number in words.items()]
