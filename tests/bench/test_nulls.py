from __future__ import annotations

from pathlib import Path

import numpy as np

from maskwright.bench.nulls import KINDS, false_marks
from maskwright.masks.annotators import load_annotator
from maskwright.pairs.values import Card, Change
from maskwright.synthesis.photos import read_photos
from maskwright.synthesis.steps import begin
from tests.bench.conftest import textured


class Everything:
    """An annotator that marks every pixel."""

    card = Card("everything", "1", "0")

    def annotate(self, batch, hints):  # type: ignore[no-untyped-def]
        return [Change(np.ones(pair.edited.shape[:2], np.float32)) for pair in batch]


def _paths(table: Path) -> list[str]:
    return [photo.path for photo in read_photos(table, "val")]


def test_the_share_is_that_of_the_marked_pixels_and_broken_photographs_are_told(photos: Path) -> None:
    rows, unreadable = false_marks(_paths(photos), {"everything": Everything()})
    assert [row.kind for row in rows] == ["same file", *KINDS]
    for row in rows:
        # The same file is never shown to an annotator.
        assert row.mean == row.worst == (0 if row.kind == "same file" else 1)
        assert row.n == 2
        assert row.without_mask == 0
    assert [Path(row.id).name for row in unreadable] == ["broken.png"]


def test_every_kind_changes_the_edited_side_and_edits_nothing() -> None:
    photo = textured(80, 112, seed=5)
    for make in KINDS.values():
        rng = np.random.default_rng(0)
        made = make(rng)(begin(photo), rng)
        assert not made.mask.any()
        assert made.original.shape != made.edited.shape or not np.array_equal(made.original, made.edited)


def test_a_shifted_picture_has_no_made_up_border() -> None:
    photo = textured(80, 112, seed=5)
    rng = np.random.default_rng(0)
    made = KINDS["shifted 1 px"](rng)(begin(photo), rng)
    assert np.array_equal(made.original, photo[2:-2, 2:-2])
    assert np.array_equal(made.edited, photo[1:-3, 1:-3])


def test_the_difference_annotator_marks_next_to_nothing_where_a_low_threshold_does(photos: Path) -> None:
    annotators = {"difference": load_annotator("difference")}
    rows, _ = false_marks(_paths(photos), annotators, baseline_threshold=2)
    ours = [row.mean for row in rows if row.annotator == "difference"]
    theirs = [row.mean for row in rows if row.annotator == "signed_filled"]
    assert np.mean(ours) < 0.01
    assert np.mean(theirs) > 0.1
