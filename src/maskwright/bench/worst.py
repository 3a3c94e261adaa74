"""The worst pairs of a run with their pictures: read again, so that no run keeps pictures in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import cv2
import numpy as np

from maskwright.bench.baselines import PER_TABLE, signed_filled
from maskwright.bench.records import KnownPair, ignore_of, read_known
from maskwright.bench.result import BenchResult, Row
from maskwright.bench.tables import figure, worst_first
from maskwright.masks.annotators import Annotator, load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.measures.metrics import Counts, count, f1_of
from maskwright.pages.bench import BenchCard, MaskPicture, mask_uri
from maskwright.pages.cards import CARD_PX
from maskwright.pages.images import Shot, laid_on, shot_of
from maskwright.pages.words import percent
from maskwright.pairs.align import align
from maskwright.pairs.sources import Roles, open_source
from maskwright.pairs.values import REASONS, Annotation, Mask, Rejection

CARDS = 24
"""Pairs with pictures: two sheets of a report."""
HEAD = ("mask", "F1", "IoU", "visible F1", "precision", "recall")

Progress = Callable[[str, int, int], None]


def worst_cards(result: BenchResult, *, roles: Roles, progress: Progress) -> list[BenchCard]:
    """A card for each of the `CARDS` worst pairs of the first annotator, worst first.

    Annotator and baseline are run once more on each; a pair that cannot be read any more, or that
    comes out otherwise than before, says so on its card.

    Args:
        roles: those of the run.
        progress: called with what is done, how many are done and of how many.
    """
    chosen = {row.id: row for row in worst_first(result)[:CARDS]}
    ours = load_annotator(result.methods[0].name)
    source = open_source(result.table, roles=roles)
    made: dict[str, BenchCard] = {}
    for part in source.plan():
        if len(made) == len(chosen):
            break
        for pair in source.read(part):
            if pair.id in chosen:
                known = read_known(pair, ignore_of(source, pair))
                made[pair.id] = _card(result, chosen[pair.id], known, ours)
                progress("worst pairs", len(made), len(chosen))
    gone = "This pair is no longer in the table."
    cards = [made.get(pair_id) or _plain(result, row, gone) for pair_id, row in chosen.items()]
    # Ids of strangers name no place on the page; ranks do.
    return [replace(card, anchor=f"pair-{rank}") for rank, card in enumerate(cards)]


def _card(result: BenchResult, row: Row, known: KnownPair | Rejection, ours: Annotator) -> BenchCard:
    if isinstance(known, Rejection):
        return _plain(result, row, f"No longer to be read: {known.detail}")
    name = result.methods[0].name
    found = annotate_pair(known.shown, ours)
    mask = np.zeros_like(known.truth) if found.mask is None else found.mask
    baseline = signed_filled(known.original, known.edited, _threshold(result))
    counts = {
        other: count(marked, known.truth, ignore=known.ignore)
        for other, marked in ((name, mask), (PER_TABLE, baseline))
    }
    notes = [
        f"Looked at again, {_called(other)} had F1 {figure(f1_of(again))}: this run's was another."
        for other, again in counts.items()
        if abs(f1_of(again) - row.f1[other]) > 1e-9
    ]
    if found.detail:
        notes.append(found.detail)
    shot, masks = _pictures(known, {name: mask, PER_TABLE: baseline}, counts)
    return replace(
        _plain(result, row, " ".join(notes)),
        says=_says(row, name, known, found),
        shot=shot,
        masks=masks,
        figures=_figures(row, counts),
    )


def _plain(result: BenchResult, row: Row, note: str) -> BenchCard:
    """What the run itself knows of a pair."""
    name = result.methods[0].name
    return BenchCard(
        anchor="",
        name=row.key,
        facts=f"F1 {figure(row.f1[name])}, baseline {figure(row.f1[PER_TABLE])}",
        says=(row.verdict[name] or row.status[name]).replace("_", " "),
        shot=None,
        masks=(),
        figures=_figures(row, {name: None, PER_TABLE: None}),
        note=note,
    )


def _pictures(
    known: KnownPair, marks: Mapping[str, Mask], counts: Mapping[str, Counts]
) -> tuple[Shot, list[MaskPicture]]:
    """The original laid on the edited picture as the annotator saw it, the edited one, and the masks.

    Args:
        marks: the annotator's, then the baseline's, both (H, W) bool.
    """
    cv2.setRNGSeed(0)  # as the pipeline does
    laid = laid_on(align(known.original, known.edited))
    ours = next(iter(marks.values()))
    shot = shot_of(laid, known.edited, ours, None, longest_px=CARD_PX)
    masks = [
        MaskPicture(name, f"{percent(float(mask.mean()))} of the picture{says}", mask_uri(mask, known.truth))
        for name, says, mask in (
            ("truth", "", known.truth),
            *((_called(other), f"; {missed(counts[other])}", mask) for other, mask in marks.items()),
        )
    ]
    return shot, masks


def _threshold(result: BenchResult) -> int:
    (found,) = (method.threshold for method in result.methods if method.name == PER_TABLE)
    assert found is not None
    return found


def _says(row: Row, name: str, known: KnownPair, found: Annotation) -> str:
    words = [row.verdict[name].replace("_", " ") or f"no mask: {REASONS.get(row.status[name], 'failed')}"]
    if found.background:
        told = known.shown.columns.get("background")
        words.append(f"background {found.background}" + (f", in the table {told}" if told else ""))
    if found.geometry is not None:
        words.append(f"geometry {found.geometry.kind}")
    return "; ".join(words)


def _called(name: str) -> str:
    return "baseline" if name == PER_TABLE else name


def missed(counts: Counts) -> str:
    """What is wrong with a mask, as shares of the truth and of the mask."""
    real, claimed = counts.tp + counts.fn, counts.tp + counts.fp
    missed = f"{percent(counts.fn / real)} of the truth missed" if real else "nothing to be found"
    return f"{missed}, {percent(counts.fp / claimed)} of it false" if claimed else f"{missed}, nothing marked"


def _figures(row: Row, masks: Mapping[str, Counts | None]) -> list[Sequence[str]]:
    """Figures of the run, and of the masks where they were made again."""
    rows: list[Sequence[str]] = [HEAD]
    for name, counts in masks.items():
        of_run = (figure(row.f1[name]), figure(row.iou[name]), figure(row.visible_f1[name]))
        rows.append((_called(name), *of_run, *_precision_and_recall(counts or Counts())))
    return rows


def _precision_and_recall(counts: Counts) -> tuple[str, str]:
    """A dash where there is nothing to divide by."""
    claimed, real = counts.tp + counts.fp, counts.tp + counts.fn
    shares = (counts.tp / below if below else float("nan") for below in (claimed, real))
    precision, recall = map(figure, shares)
    return precision, recall
