"""Photographs go whole to one split, in the shares asked for, whatever order rows come in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.datasets.leaks.split import split_photographs
from maskwright.errors import SettingError

FRACTIONS = st.sampled_from(
    [(0.8, 0.1, 0.1), (0.5, 0.25, 0.25), (0.9, 0.0, 0.1), (0.0, 0.3, 0.7), (1.0, 0.0, 0.0)]
)
SIZES = st.lists(st.integers(1, 30), min_size=3, max_size=60)


def rows_of(sizes: list[int], seed: int = 0) -> np.ndarray:
    """Photographs of these sizes, their rows mixed."""
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(seed).permutation(numbers)


def names_for(sizes: list[int]) -> list[str]:
    return [f"photograph {number}" for number in range(len(sizes))]


@given(SIZES, FRACTIONS, st.integers(0, 3))
def test_no_photograph_is_in_two_splits(sizes: list[int], fractions: tuple[float, ...], seed: int) -> None:
    numbers = rows_of(sizes)
    splits = split_photographs(numbers, names_for(sizes), fractions, seed)
    pairs = {(number, split) for number, split in zip(numbers.tolist(), splits.tolist(), strict=True)}
    assert len(pairs) == len(sizes)


@given(SIZES, FRACTIONS, st.integers(0, 3))
def test_every_split_with_a_share_has_a_photograph_and_no_other(
    sizes: list[int], fractions: tuple[float, ...], seed: int
) -> None:
    splits = split_photographs(rows_of(sizes), names_for(sizes), fractions, seed)
    assert set(splits.tolist()) == {place for place, fraction in enumerate(fractions) if fraction > 0}


@given(SIZES, FRACTIONS, st.integers(0, 3))
def test_shares_are_met_but_for_the_largest_photograph(
    sizes: list[int], fractions: tuple[float, ...], seed: int
) -> None:
    splits = split_photographs(rows_of(sizes), names_for(sizes), fractions, seed)
    total, largest = sum(sizes), max(sizes)
    # twice: a split that would have got none takes one of its neighbour's
    slack = largest if min(f for f in fractions if f) * total > largest else 2 * largest
    for place, fraction in enumerate(fractions):
        assert abs(np.count_nonzero(splits == place) - fraction * total) <= slack


@given(SIZES, st.integers(0, 3))
def test_the_order_of_rows_does_not_matter(sizes: list[int], seed: int) -> None:
    numbers = rows_of(sizes)
    order = np.random.default_rng(1).permutation(len(numbers))
    there = split_photographs(numbers, names_for(sizes), (0.8, 0.1, 0.1), seed)
    assert (split_photographs(numbers[order], names_for(sizes), (0.8, 0.1, 0.1), seed) == there[order]).all()


@given(SIZES, st.permutations(range(12)))
def test_what_number_a_photograph_has_does_not_matter(sizes: list[int], new: list[int]) -> None:
    sizes = (sizes * 4)[:12]
    numbers, names = rows_of(sizes), names_for(sizes)
    renamed = [names[new.index(number)] for number in range(12)]
    there = split_photographs(numbers, names, (0.6, 0.2, 0.2), 5)
    assert (split_photographs(np.array(new)[numbers], renamed, (0.6, 0.2, 0.2), 5) == there).all()


def test_rows_that_come_later_change_little() -> None:
    names = [f"photograph {number}" for number in range(2200)]
    moved = []
    for seed in range(10):
        before = split_photographs(np.arange(2000), names[:2000], (0.8, 0.1, 0.1), seed)
        after = split_photographs(np.arange(2200), names, (0.8, 0.1, 0.1), seed)[:2000]
        moved.append(np.count_nonzero(before != after))
    assert max(moved) <= 40
    assert any(moved)


def test_another_seed_gives_other_splits() -> None:
    names = [str(number) for number in range(100)]
    one, other = (split_photographs(np.arange(100), names, (0.5, 0.25, 0.25), seed) for seed in (0, 1))
    assert (one != other).any()


def test_one_huge_photograph_leaves_something_for_every_split() -> None:
    sizes = [1000, 1, 1, 1]
    for seed in range(20):
        splits = split_photographs(rows_of(sizes), names_for(sizes), (0.8, 0.1, 0.1), seed)
        assert set(splits.tolist()) == {0, 1, 2}


def test_fewer_photographs_than_splits_say_what_to_do() -> None:
    with pytest.raises(SettingError, match="2 photographs cannot be parted into 3 splits") as fault:
        split_photographs(np.array([0, 1, 1]), ["a", "b"], (0.8, 0.1, 0.1), 0)
    assert "--split 1,0,0" in fault.value.hint
    assert split_photographs(np.array([0, 1, 1]), ["a", "b"], (0.5, 0, 0.5), 0).max() == 2


def test_the_hash_is_the_one_that_is_written_down() -> None:
    import hashlib

    names = [f"n{number}" for number in range(10)]
    by_hash = sorted(range(10), key=lambda each: hashlib.sha256(f"7\n{names[each]}".encode()).hexdigest())
    splits = split_photographs(np.arange(10), names, (0.8, 0.1, 0.1), 7)
    assert splits[by_hash].tolist() == [0] * 8 + [1, 2]
