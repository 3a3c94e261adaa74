"""Pairs that are none, or hardly: a group and a mask or a rejection, no crash and no confident wrong mask."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.masks.annotators.caaa import Caaa
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs.values import GROUPS, Annotation, Pair, Picture
from tests.contracts.annotator import jpeg, textured

MARKED = 0.02
"""Share of a picture that may be marked where nothing was edited."""


@pytest.fixture(scope="module")
def caaa() -> Caaa:
    return Caaa()


def annotated(caaa: Caaa, original: Picture, edited: Picture) -> Annotation:
    annotation = annotate_pair(Pair("a", original, edited), caaa)
    assert annotation.status in ("ok", "rejected"), annotation.detail
    assert annotation.group in GROUPS
    if annotation.status == "rejected":
        assert annotation.reason == "unrelated"
    else:
        assert annotation.mask is not None
        assert annotation.mask.shape == edited.shape[:2]
    return annotation


def marked(annotation: Annotation) -> float:
    """Share of the edited picture in the mask; a rejected pair has none."""
    return 0.0 if annotation.mask is None else float(annotation.mask.mean())


def flat(level: int, width: int = 160, height: int = 120) -> Picture:
    return np.full((height, width, 3), level, np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_unrelated_pictures_are_rejected(caaa: Caaa, seed: int) -> None:
    annotation = annotated(caaa, textured(seed, 260, 200), textured(seed + 60, 240, 210))
    assert annotation.status == "rejected"


def test_a_picture_paired_with_itself_has_an_empty_mask(caaa: Caaa) -> None:
    picture = textured(1, 200, 150)
    annotation = annotated(caaa, picture, picture.copy())
    assert annotation.group == "shared-probe"
    assert marked(annotation) == 0


@pytest.mark.slow
def test_a_picture_paired_with_itself_saved_again_has_an_empty_mask(caaa: Caaa) -> None:
    picture = textured(1, 200, 150)
    annotation = annotated(caaa, picture, jpeg(picture, 70))
    assert annotation.group == "shared-probe"
    assert marked(annotation) == 0


@pytest.mark.slow
def test_a_mirrored_picture_is_a_copy_with_next_to_nothing_marked(caaa: Caaa) -> None:
    picture = textured(2, 260, 200)
    annotation = annotated(caaa, picture, jpeg(np.ascontiguousarray(picture[:, ::-1]), 85))
    assert annotation.group == "shared-probe"
    assert marked(annotation) < MARKED


@pytest.mark.slow
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_turned_by_quarters_is_a_copy_with_next_to_nothing_marked(
    caaa: Caaa, quarters: int
) -> None:
    picture = textured(3, 260, 200)
    annotation = annotated(caaa, picture, jpeg(np.ascontiguousarray(np.rot90(picture, quarters)), 85))
    assert annotation.group == "shared-probe"
    assert marked(annotation) < MARKED


@pytest.mark.slow
def test_one_colour_against_another_is_no_crash(caaa: Caaa) -> None:
    annotated(caaa, flat(30), flat(220))


@pytest.mark.slow
@pytest.mark.parametrize("swapped", [False, True])
def test_one_colour_against_a_photograph_shares_no_object_with_it(caaa: Caaa, swapped: bool) -> None:
    pair = (flat(128), textured(4, 170, 130))
    annotation = annotated(caaa, *(pair[::-1] if swapped else pair))
    assert annotation.group != "shared-donor"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1800, 60), (60, 1800)])
def test_panoramas_of_thirty_to_one_end_in_a_group(caaa: Caaa, width: int, height: int) -> None:
    picture = textured(5, width, height)
    copy = annotated(caaa, picture, jpeg(picture, 80))
    assert copy.group == "shared-probe"
    assert marked(copy) < MARKED
    assert annotated(caaa, picture, textured(6, 200, 150)).group == "unrelated"
    assert annotated(caaa, textured(6, 200, 150), picture).group == "unrelated"
    assert annotated(caaa, picture, textured(7, height, width)).group == "unrelated"


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (50, 1), (2, 3), (9, 9), (23, 40)])
def test_tiny_pictures_end_in_a_group(caaa: Caaa, width: int, height: int) -> None:
    tiny, other = textured(8, width, height), 255 - textured(9, width, height)
    for pair in ((tiny, other), (tiny, textured(10, 120, 90)), (textured(10, 120, 90), tiny)):
        annotation = annotated(caaa, *pair)
        assert annotation.group != "shared-donor"


@pytest.mark.slow
def test_noise_shares_nothing_with_noise(caaa: Caaa) -> None:
    one, other = np.random.default_rng(0).integers(0, 256, (2, 150, 200, 3), dtype=np.uint8)
    assert annotated(caaa, one, other).status == "rejected"
