"""Figures of how two pictures are related, and the group they speak for."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators.keypoints import keypoint_matches
from maskwright.masks.annotators.located import located
from maskwright.masks.annotators.relation import CONSTANTS, FIGURES, figures_of, group_of
from maskwright.pairs.align import align
from maskwright.pairs.values import GROUPS, Picture
from tests.contracts.annotator import jpeg, textured
from tests.masks.taking import taken


def figures(original: Picture, edited: Picture) -> dict[str, float]:
    found = located(original, edited, keypoint_matches(original, edited))
    return figures_of(align(original, edited), found)


def enlarged(picture: Picture, width: int, height: int) -> Picture:
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


@pytest.mark.slow
def test_of_a_changed_copy_all_agrees_also_at_the_border() -> None:
    original = textured(1, 260, 200)
    told = figures(original, jpeg(original, 85))
    assert min(told[name] for name in ("agreement", "coarse", "covered", "border", "overlap")) > 0.95


@pytest.mark.slow
def test_of_a_copy_that_shows_more_than_the_original_all_agrees_within_the_original() -> None:
    edited = textured(6, 300, 240)
    told = figures(edited[40:180, 60:230].copy(), jpeg(edited, 85))
    assert 0.2 < told["covered"] < 0.5
    assert told["border"] < 0.1
    assert min(told["within"], told["rim"]) > 0.9


@pytest.mark.slow
def test_of_an_object_that_was_taken_a_part_agrees_and_nothing_at_the_border() -> None:
    pair = taken(2)
    told = figures(pair.original, pair.edited)
    assert told["agreement"] < 0.1
    assert 0.1 < told["covered"] < 0.5
    assert max(told["border"], told["rim"]) < 0.1
    assert told["within"] < 0.6
    assert abs(told["rest"]) < 0.2


def test_of_two_photographs_nothing_does() -> None:
    told = figures(textured(3, 160, 120), textured(4, 150, 130))
    assert set(told) == {*FIGURES}
    assert told["found"] == told["covered"] == 0
    assert told["agreement"] < 0.1
    assert abs(told["coarse"]) < 0.2


@pytest.mark.slow
def test_size_and_aspect_of_the_files_hardly_tell() -> None:
    pair = taken(5)
    plain = figures(pair.original, pair.edited)
    other = figures(enlarged(pair.original, 480, 400), enlarged(pair.edited, 420, 400))
    assert all(abs(plain[name] - other[name]) < 0.12 for name in FIGURES)


def test_probabilities_are_those_of_a_multinomial_logistic() -> None:
    rng = np.random.default_rng(0)
    constants = dict(zip(CONSTANTS, rng.normal(size=len(CONSTANTS)).tolist(), strict=True))
    told = dict(zip(FIGURES, rng.uniform(size=len(FIGURES)).tolist(), strict=True))
    weights = {
        group: np.exp(constants[f"{group}_bias"] + sum(constants[f"{group}_{n}"] * told[n] for n in FIGURES))
        for group in GROUPS
    }
    group, chances = group_of(told, constants)
    assert group == max(weights, key=weights.__getitem__)
    for name in GROUPS:
        assert chances[name] == pytest.approx(weights[name] / sum(weights.values()))


def test_odds_beyond_any_number_are_no_error() -> None:
    constants = dict.fromkeys(CONSTANTS, 0.0) | {"unrelated_bias": 1e6, "shared-donor_bias": -1e6}
    group, chances = group_of(dict.fromkeys(FIGURES, 0.0), constants)
    assert group == "unrelated"
    assert sum(chances.values()) == pytest.approx(1)
