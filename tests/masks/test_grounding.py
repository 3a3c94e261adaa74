"""Where an edit was meant to be: routing by action on a grounding that knows where colours are."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest

from maskwright.errors import GridError, InputError, SettingError
from maskwright.masks.grounding import (
    Blind,
    Grounding,
    Plane,
    Prior,
    RegionOnly,
    load_grounding,
    prior_of,
    priors_of,
)
from maskwright.pairs.instruction import parse
from maskwright.pairs.values import Aligned, Hint, Mask, Picture
from tests.contracts.annotator import laid
from tests.contracts.grounding import GroundingContract

COLOURS = {"dog": (200, 0, 0), "cat": (0, 200, 0), "sky": (0, 0, 200), "person": (200, 200, 0)}
SIDE = 24


class ByColour:
    """Finds things that are painted in a colour of their own; counts how often it is asked."""

    name = "by-colour"
    digest = hashlib.sha256(b"by-colour").hexdigest()

    def __init__(self) -> None:
        self.calls = 0

    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]:
        self.calls += 1
        return [self._one(*asked) for asked in zip(pictures, concepts, strict=True)]

    def _one(self, picture: Picture, concept: str) -> Plane | None:
        known = [colour for word, colour in COLOURS.items() if word in concept.split()]
        found = np.zeros(picture.shape[:2], np.bool_)
        for colour in known:
            found |= (picture == colour).all(axis=2)
        return found.astype(np.float32) if found.any() else None


def scene(**things: tuple[int, int]) -> Picture:
    """A grey picture with squares of 8 px, each at its x, y."""
    picture = np.full((SIDE, SIDE, 3), 90, np.uint8)
    for name, (x, y) in things.items():
        picture[y : y + 8, x : x + 8] = COLOURS[name]
    return picture


def square(x: int, y: int) -> Mask:
    mask = np.zeros((SIDE, SIDE), np.bool_)
    mask[y : y + 8, x : x + 8] = True
    return mask


def prior(pair: Aligned, instruction: str | None, region: Mask | None = None) -> Prior | None:
    return prior_of(pair, Hint(instruction, region), ByColour())


def where(pair: Aligned, instruction: str) -> Mask:
    found = prior(pair, instruction)
    assert found is not None
    assert found.map.dtype == np.float32
    return found.map >= 0.5


class TestByColour(GroundingContract):
    @pytest.fixture
    def grounding(self) -> Grounding:
        return ByColour()


class TestRegionOnly(GroundingContract):
    @pytest.fixture
    def grounding(self) -> Grounding:
        return load_grounding()


def test_an_added_thing_is_looked_for_in_the_edited_picture() -> None:
    pair = laid(scene(dog=(0, 0)), scene(dog=(0, 0), cat=(12, 12)))
    assert np.array_equal(where(pair, "add a cat"), square(12, 12))


def test_a_removed_thing_is_looked_for_in_the_original() -> None:
    pair = laid(scene(dog=(0, 0), cat=(12, 12)), scene(cat=(0, 12)))
    assert np.array_equal(where(pair, "remove the cat"), square(12, 12))


def test_a_replaced_thing_is_looked_for_in_both() -> None:
    pair = laid(scene(dog=(0, 0)), scene(cat=(4, 4)))
    assert np.array_equal(where(pair, "replace the dog with a cat"), square(0, 0) | square(4, 4))


def test_a_background_without_a_name_is_all_but_the_foreground_of_the_original() -> None:
    pair = laid(scene(person=(4, 4)), scene(person=(12, 12)))
    assert np.array_equal(where(pair, "change the background to a beach"), ~square(4, 4))


def test_a_style_is_meant_everywhere_and_says_so() -> None:
    found = prior(laid(scene(), scene()), "turn it into a watercolor painting")
    assert found is not None
    assert found.grounded_by == "whole"
    assert (found.map == 1).all()


@pytest.mark.parametrize("text", [None, "", "lorem ipsum dolor"])
def test_without_an_instruction_that_is_understood_there_is_no_prior(text: str | None) -> None:
    assert parse(text).action == "unparsed"
    assert prior(laid(scene(dog=(0, 0)), scene(cat=(0, 0))), text) is None


def test_what_is_not_found_in_the_pictures_gives_no_prior() -> None:
    assert prior(laid(scene(dog=(0, 0)), scene(dog=(0, 0))), "add a cat") is None


def test_a_region_wins_over_words() -> None:
    pair = laid(scene(), scene(cat=(12, 12)))
    found = prior(pair, "add a cat", region=square(0, 0))
    assert found is not None
    assert found.grounded_by == "region"
    assert np.array_equal(found.map > 0, square(0, 0))


def test_words_that_are_found_are_signed_with_the_grounding_s_name() -> None:
    found = prior(laid(scene(), scene(cat=(12, 12))), "add a cat")
    assert found is not None
    assert found.grounded_by == "by-colour"


def test_grounding_none_takes_no_region_either() -> None:
    pair = laid(scene(), scene(cat=(12, 12)))
    assert prior_of(pair, Hint("add a cat", square(0, 0)), load_grounding("none")) is None


def test_a_batch_is_asked_in_one_call_and_answers_in_order() -> None:
    batch = [
        laid(scene(), scene(cat=(12, 12))),
        laid(scene(dog=(0, 0)), scene()),
        laid(scene(), scene(cat=(0, 4))),
    ]
    grounding = ByColour()
    found = priors_of(
        batch, [Hint("add a cat"), Hint("remove the dog"), Hint("add a cat", square(1, 1))], grounding
    )
    assert grounding.calls == 1
    expected = [square(12, 12), square(0, 0), square(1, 1)]
    for each, mask in zip(found, expected, strict=True):
        assert each is not None
        assert np.array_equal(each.map > 0, mask)


def test_a_region_of_another_size_is_refused() -> None:
    with pytest.raises(GridError, match="region"):
        prior(laid(scene(), scene()), None, region=np.ones((4, 4), np.bool_))


class TooLarge(ByColour):
    def ground(self, pictures: Sequence[Picture], concepts: Sequence[str]) -> list[Plane | None]:
        return [np.full(picture.shape[:2], 2, np.float32) for picture in pictures]


def test_a_map_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InputError, match=r"outside 0\.\.1"):
        prior_of(laid(scene(), scene()), Hint("add a cat"), TooLarge())


def test_a_wrong_name_gets_the_nearest() -> None:
    with pytest.raises(SettingError) as error:
        load_grounding("clipsegs")
    assert "clipseg" in error.value.hint


def test_a_class_that_is_no_grounding_is_refused() -> None:
    with pytest.raises(InputError, match="no grounding"):
        load_grounding("maskwright.masks.annotators.difference:Difference")


def test_a_class_of_one_s_own_is_loaded_by_its_place() -> None:
    assert load_grounding(f"{ByColour.__module__}:ByColour").name == "by-colour"


def test_the_default_counts_regions_only() -> None:
    assert isinstance(load_grounding(), RegionOnly)
    assert isinstance(load_grounding("none"), Blind)
