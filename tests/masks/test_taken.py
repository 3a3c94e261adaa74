"""A pair of which only an object is shared, and pairs of which the annotator says what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from maskwright.masks.annotators import Annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.masks.scores import OF_ONE_PHOTOGRAPH, SCORES
from maskwright.measures.metrics import pixel_f1
from maskwright.pairs.align import align
from maskwright.pairs.values import DONOR, Aligned, Annotation, Card, Change, Hint, Pair, Picture
from tests.contracts.annotator import AnnotatorContract, textured
from tests.masks.taking import Taken, Takes, taken


class Says(Takes):
    """Answers what it is told to."""

    def __init__(self, change: Change) -> None:
        self.change = change

    def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
        return [self.change for _ in batch]


@pytest.fixture(scope="module")
def pair() -> Taken:
    return taken()


@pytest.fixture(scope="module")
def found(pair: Taken) -> Annotation:
    return annotate_pair(Pair("a", pair.original, pair.edited), Takes())


def edited_of(original: Picture) -> Picture:
    edited = original.copy()
    edited[30:60, 40:80] = textured(9, 40, 30)
    return edited


def some(shape: tuple[int, ...]) -> np.ndarray:
    change = np.zeros(shape[:2], np.float32)
    change[20:60, 30:80] = 1
    return change


def test_an_object_that_was_taken_has_its_mask_and_the_place_it_was_taken_from(
    pair: Taken, found: Annotation
) -> None:
    assert (found.status, found.verdict, found.group) == ("ok", "object_taken", "shared-donor")
    assert found.mask is not None
    assert found.layers[DONOR].shape == (200, 240) != found.mask.shape
    assert pixel_f1(found.mask, pair.mask) > 0.9
    assert pixel_f1(found.layers[DONOR] >= 0.5, pair.donor) > 0.9


def test_its_geometry_is_that_of_the_object(pair: Taken, found: Annotation) -> None:
    assert found.geometry is not None
    np.testing.assert_allclose(found.geometry.matrix, pair.matrix, atol=0.5)
    assert found.scores["scale"] == pytest.approx(0.8, abs=0.01)
    assert found.scores["rotation_deg"] == pytest.approx(20, abs=0.5)
    assert found.scores["mirrored"] == 0


def test_what_compares_two_copies_of_one_photograph_is_not_known(found: Annotation) -> None:
    assert [name for name in OF_ONE_PHOTOGRAPH if found.scores[name] is not None] == []
    assert found.background is None
    known = {"area_frac", "components", "qes", "scale", "rotation_deg", "mirrored", "residual_px"}
    assert [name for name in known if found.scores[name] is None] == []
    assert list(found.scores) == list(SCORES)


def test_figures_of_the_annotators_own_do_not_bring_them_back(pair: Taken) -> None:
    change = Change(
        some(pair.edited.shape), group="shared-donor", background="redrawn", scores={"noise_floor": 3.0}
    )
    region = np.zeros(pair.edited.shape[:2], np.uint8)
    region[20:40, 30:80] = 255
    found = annotate_pair(Pair("a", pair.original, pair.edited, region=region), Says(change))
    assert found.verdict == "object_taken"
    assert (found.background, found.scores["noise_floor"], found.scores["outside_psnr_raw"]) == (None,) * 3
    assert (found.scores["side_effect_frac"], found.scores["region_used_frac"]) == (0.5, 1.0)


def test_what_an_annotator_takes_for_unrelated_is_rejected_whatever_the_alignment_says() -> None:
    original = textured(1, 200, 160)
    nothing = Change(np.zeros((160, 200), np.float32), group="unrelated")
    found = annotate_pair(Pair("a", original, edited_of(original)), Says(nothing))
    assert (found.status, found.reason, found.verdict) == ("rejected", "unrelated", "different_photograph")
    assert found.group == "unrelated"
    assert found.detail.endswith("an alignment was found: identity")
    assert found.geometry is not None
    assert found.geometry.kind == "unrelated"
    assert found.mask is None


@pytest.mark.parametrize("group", ["shared-probe", "shared-donor", "unrelated", None])
def test_a_pair_that_aligns_has_the_group_that_the_annotator_says(group: str | None) -> None:
    original = textured(1, 100, 80)
    change = Change(some((80, 100)), group=group)
    assert annotate_pair(Pair("a", original, edited_of(original)), Says(change)).group == group


@pytest.mark.parametrize("group", ["shared-probe", "shared-donor", "unrelated", None])
def test_so_has_a_pair_that_does_not_and_without_a_word_it_is_unrelated(group: str | None) -> None:
    change = Change(some((80, 100)), group=group)
    found = annotate_pair(Pair("a", textured(1, 100, 80), textured(2, 100, 80)), Says(change))
    assert found.group == (group or "unrelated")
    assert (found.status == "rejected") == (found.group == "unrelated") == bool(found.reason)


def test_a_copy_that_does_not_align_and_holds_no_edit_is_not_called_moved() -> None:
    change = Change(np.zeros((80, 100), np.float32), group="shared-probe")
    found = annotate_pair(Pair("a", textured(1, 100, 80), textured(2, 100, 80)), Says(change))
    assert found.verdict != "geometry_only"


def test_what_the_annotator_laid_anew_is_what_is_scored() -> None:
    original = textured(1, 200, 160)
    edited = edited_of(original)
    anew = align(original, edited)
    astray = align(original, textured(3, 200, 160))
    assert (anew.geometry.kind, astray.geometry.kind) == ("identity", "unrelated")
    change = Change(some(edited.shape), group="shared-probe", aligned=anew)
    pair = Pair("a", original, edited)
    plain = annotate_pair(pair, Says(replace(change, aligned=None)))
    assert annotate_pair(pair, Says(change)).scores == plain.scores
    wrong = replace(astray, edited=edited)
    found = annotate_pair(pair, Says(replace(change, aligned=wrong)))
    assert found.geometry is wrong.geometry
    assert found.tone is wrong.tone
    assert (found.scores["scale"], plain.scores["scale"]) == (None, 1)


@pytest.mark.parametrize(
    "change",
    [
        Change(some((80, 100)), layers={DONOR: some((80, 100))}, group="shared-donor"),
        Change(some((80, 100)), aligned=align(textured(1, 60, 50), textured(2, 60, 50))),
        Change(some((80, 100)), group="shared"),
    ],
    ids=["a layer of another size than the original", "laid on another grid", "a group nobody knows"],
)
def test_an_answer_that_does_not_fit_is_the_annotators_fault(change: Change) -> None:
    original = textured(1, 90, 80)
    edited = np.asarray(textured(1, 100, 80))
    found = annotate_pair(Pair("a", original, edited), Says(change))
    assert (found.status, found.reason) == ("failed", "internal_error")


@pytest.mark.slow
class TestTakes(AnnotatorContract):
    """The stand-in is an annotator like any other."""

    @pytest.fixture
    def annotator(self) -> Annotator:
        return Takes()


@pytest.mark.slow
@pytest.mark.parametrize("scale", [0.6, 1.4])
@pytest.mark.parametrize("mirrored", [False, True])
def test_an_object_is_found_at_other_sizes_and_mirrored(scale: float, mirrored: bool) -> None:
    pair = taken(3, scale=scale, degrees=-25, mirrored=mirrored)
    found = annotate_pair(Pair("a", pair.original, pair.edited), Takes())
    assert found.mask is not None
    assert pixel_f1(found.mask, pair.mask) > 0.9
    assert pixel_f1(found.layers[DONOR] >= 0.5, pair.donor) > 0.9
    assert found.scores["mirrored"] == mirrored


def test_an_annotator_without_that_layer_is_still_not_asked_about_unrelated_photographs() -> None:
    class Unreachable(Takes):
        card = Card("unreachable", "1", "0" * 64)

        def annotate(self, batch: Sequence[Aligned], hints: Sequence[Hint]) -> list[Change]:
            raise AssertionError("nobody asks")

    found = annotate_pair(Pair("a", textured(1, 100, 80), textured(2, 100, 80)), Unreachable())
    assert (found.status, found.group, found.detail) == ("rejected", "unrelated", "")
