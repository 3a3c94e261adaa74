"""Candidates are the pairs that brute force finds: all of few pictures, nearly all of many."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.datasets.leaks.candidates import ALL, LOOSEST, MANY, limit_for, near_between, near_pairs
from maskwright.pairs.descriptor import NEAR, describe, distances
from tests.pairs.test_descriptor import PLAIN, cut, mirrored, scene

CLOSE = 0.001
"""Descriptors are compared in whole numbers: a distance is off by less."""


def made(seed: int, count: int) -> list[bytes]:
    """Descriptors by chance; of every second there is one with some levels changed."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(1, 16, (count, 128), np.uint8)
    changed = rng.integers(1, 16, levels.shape, np.uint8)
    levels[1::2] = np.where(
        rng.random((count // 2, 128)) < 0.4, changed[1::2], levels[: 2 * (count // 2) : 2]
    )
    return [row.tobytes() for row in levels[:, 0::2] << 4 | levels[:, 1::2]]


@given(st.integers(0, 1000), st.integers(2, 30))
def test_of_few_pictures_all_near_pairs_are_found(seed: int, count: int) -> None:
    found = {tuple(pair) for pair in near_pairs(made(seed, count)).tolist()}
    away = distances(made(seed, count), made(seed, count))
    pairs = [(one, other) for one in range(count) for other in range(one + 1, count)]
    assert {pair for pair in pairs if away[pair] < LOOSEST - CLOSE} <= found
    assert found <= {pair for pair in pairs if away[pair] < LOOSEST + CLOSE}


def test_copies_are_candidates_and_strangers_are_not() -> None:
    seen = [scene(1), scene(2), mirrored(scene(1)), cut(scene(2), 0.2, 0.0, 0.8, 0.8), scene(3)]
    assert near_pairs([describe(each) for each in seen]).tolist() == [[0, 2], [1, 3]]


def test_between_two_lists_are_the_pairs_within_both_of_them_together() -> None:
    first, second = made(1, 40), made(1, 60)[20:]
    both = {tuple(pair) for pair in near_pairs([*first, *second]).tolist()}
    across = {(one, other - 40) for one, other in both if one < 40 <= other}
    assert across
    assert {tuple(pair) for pair in near_between(first, second).tolist()} == across


def test_a_picture_without_content_is_near_none() -> None:
    assert near_pairs([PLAIN, PLAIN, describe(scene(1))]).shape == (0, 2)


def test_no_pictures_have_no_candidates() -> None:
    assert near_pairs([]).shape == (0, 2)
    assert near_between([], made(1, 4)).shape == (0, 2)


def test_of_many_pictures_candidates_are_nearer() -> None:
    assert limit_for(10) == limit_for(2000) == pytest.approx(LOOSEST)
    assert limit_for(MANY) == NEAR
    assert limit_for(10 * MANY) == pytest.approx(NEAR - 0.06)


@pytest.mark.slow
def test_in_cells_nearly_all_are_found_and_twice_the_same() -> None:
    many = made(5, ALL + 1000)
    found = near_pairs(many)
    planted = {(place, place + 1) for place in range(0, len(many), 2)}
    away = np.array([distances([many[one]], [many[other]])[0, 0] for one, other in planted])
    near = {pair for pair, far in zip(planted, away, strict=True) if far < limit_for(len(many))}
    assert len(near) > 1000
    # levels by chance lie in no clusters, which is the hardest case; of photographs 99 % are found
    assert len(near & {tuple(pair) for pair in found.tolist()}) >= 0.97 * len(near)
    assert (near_pairs(many) == found).all()
