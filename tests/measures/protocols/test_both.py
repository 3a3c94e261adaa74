"""What both protocols keep."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.errors import GridError, InputError
from maskwright.measures import protocols
from maskwright.measures.protocols import (
    benco,
    benco_picture,
    trufor,
    trufor_picture,
)
from tests.measures.protocols.made import ANY_LEVEL, SOME, ChangeMap, Mask, flat, scored


@given(st.lists(st.tuples(scored(), st.none() | ANY_LEVEL | st.just(math.nan)), max_size=4))
def test_used_and_skipped_add_up_to_all_pictures_in_every_figure(
    pictures: list[tuple[tuple[ChangeMap, Mask], float | None]],
) -> None:
    summaries = (
        benco(benco_picture(*both, score=score) for both, score in pictures),
        trufor(trufor_picture(*both, score=score) for both, score in pictures),
    )
    for summary in summaries:
        names = [name for name in summary.__slots__ if name not in ("pictures", "empty_truths")]
        for figure in (getattr(summary, name) for name in names):
            assert figure.used + sum(one.pictures for one in figure.skipped) == len(pictures)
            assert math.isnan(figure.value) == (figure.used == 0)


@given(scored())
def test_neither_protocol_changes_what_it_is_given(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both[0].copy(), both[1].copy()
    benco_picture(*both)
    trufor_picture(*both)
    assert both[0].tobytes() == change.tobytes()
    assert (both[1] == truth).all()


@given(scored())
def test_mirrored_pictures_score_the_same_but_for_the_order_of_ties(both: tuple[ChangeMap, Mask]) -> None:
    change, truth = both
    mirrored = np.ascontiguousarray(change[:, ::-1]), np.ascontiguousarray(truth[:, ::-1])
    one, other = benco_picture(*both), benco_picture(*mirrored)
    assert (one.f1, one.iou) == (other.f1, other.iou)
    assert (one.auc.lowest, one.auc.highest) == pytest.approx(
        (other.auc.lowest, other.auc.highest), nan_ok=True
    )
    found, turned = trufor_picture(*both), trufor_picture(*mirrored)
    assert (found.f1_best, found.f1_th) == pytest.approx((turned.f1_best, turned.f1_th), nan_ok=True)


PICTURE_MEASURES = [
    getattr(protocols, name)
    for name in protocols.__all__
    if name.startswith(("benco_pixel", "trufor_f1", "benco_picture", "trufor_picture"))
]


@pytest.mark.parametrize("measure", PICTURE_MEASURES)
def test_maps_and_truths_of_two_sizes_are_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(GridError, match=r"\(3, 4\).*\(4, 3\)"):
        measure(flat(0, (3, 4)), np.zeros((4, 3), bool))


@pytest.mark.parametrize("measure", PICTURE_MEASURES)
def test_a_map_with_a_nan_is_refused(measure: Callable[..., object]) -> None:
    with pytest.raises(InputError, match="finite"):
        measure(flat(math.nan), SOME)


def test_a_map_that_is_not_float32_and_a_truth_that_is_not_bool_are_refused() -> None:
    with pytest.raises(InputError, match="float64"):
        protocols.benco_pixel_f1(flat(0).astype(np.float64), SOME)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="uint8"):
        protocols.trufor_f1_best(flat(0), SOME.astype(np.uint8))  # type: ignore[arg-type]
    with pytest.raises(InputError, match="uint8"):
        protocols.trufor_truth(SOME.astype(np.uint8))  # type: ignore[arg-type]


def test_scores_that_do_not_go_with_their_classes_are_refused() -> None:
    with pytest.raises(InputError, match="2 scores came with 1"):
        protocols.benco_image_auc([0.1, 0.2], [True])
    with pytest.raises(InputError, match="finite"):
        protocols.benco_image_auc([0.1, math.nan], [True, False])


def test_both_profiles_are_named_and_have_a_summary_of_that_name() -> None:
    assert list(protocols.PROTOCOLS) == ["benco", "trufor"]
    assert all(callable(getattr(protocols, name)) for name in protocols.PROTOCOLS)
