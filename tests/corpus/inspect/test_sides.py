"""What pixels, files and words say of which side was edited."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maskwright.corpus.inspect.checks.sides import from_coins
from maskwright.corpus.inspect.sides import direction_by_files, direction_by_pixels
from maskwright.corpus.inspect.words import direction_by_words
from maskwright.pairs.filefacts import FileFacts, file_facts
from maskwright.pairs.values import Mask, Picture
from tests.corpus.inspect.made import photograph, pixels
from tests.pairs.awkward import saved

PLAIN = file_facts(saved(photograph(0), "PNG"))


def box() -> Mask:
    mask = np.zeros((160, 200), bool)
    mask[40:112, 56:136] = True
    return mask


def pair(history: bool, seed: int = 0) -> tuple[Picture, Picture]:
    """An original, once a JPEG or never, and the same with another photograph in the box."""
    original = photograph(seed, 200, 160)
    if history:
        original = pixels(saved(original, "JPEG", quality=80))
    edited = np.where(box()[:, :, None], photograph(seed + 1, 200, 160), original)
    return original, edited


def seen(original: Picture, edited: Picture, **settings: bool) -> dict[str, float]:
    told = {"regenerated": False, "lossless": True, **settings}
    return dict(direction_by_pixels(original, edited, box(), **told))


def test_a_jpeg_history_that_ends_at_the_change_tells_the_edited_side() -> None:
    assert seen(*pair(history=True))["history"] > 2


def test_without_a_history_none_is_claimed() -> None:
    assert "history" not in seen(*pair(history=False))


@pytest.mark.parametrize("history", [True, False])
def test_exchanged_sides_exchange_the_sign_of_all_evidence(history: bool) -> None:
    original, edited = pair(history)
    there, back = seen(original, edited), seen(edited, original)
    assert there.keys() == back.keys()
    for name, value in there.items():
        assert back[name] == pytest.approx(-value, abs=1e-6)


def test_a_coarser_region_tells_the_edited_side() -> None:
    original, _ = pair(history=False)
    smooth = original.copy()
    smooth[40:112, 56:136] = cv2.GaussianBlur(original, (0, 0), 1.2)[40:112, 56:136]
    assert seen(original, smooth)["fineness"] > 0
    assert seen(original, smooth)["noise"] > 0


def test_where_a_generator_touched_every_pixel_the_region_says_nothing() -> None:
    assert seen(*pair(history=False), regenerated=True) == {}


def test_a_history_all_over_one_lossless_side_of_a_regenerated_pair_makes_it_the_original() -> None:
    original, _ = pair(history=True)
    other = photograph(5, 200, 160)
    assert seen(original, other, regenerated=True)["history"] > 2
    assert seen(original, other, regenerated=True, lossless=False) == {}


def test_an_empty_and_a_full_mask_say_nothing() -> None:
    original, edited = pair(history=True)
    for mask in (np.zeros((160, 200), bool), np.ones((160, 200), bool)):
        assert direction_by_pixels(original, edited, mask, regenerated=False, lossless=True) == {}


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"camera": "Canon EOS 5D"}, "camera"),
        ({"has_gps": True}, "camera"),
    ],
)
def test_cameras_make_originals(fields: dict[str, object], name: str) -> None:
    facts = replace(PLAIN, **fields)  # type: ignore[arg-type]
    assert direction_by_files(facts, PLAIN)[name] > 0
    assert direction_by_files(PLAIN, facts)[name] < 0
    assert direction_by_files(facts, facts) == {}


def test_generators_make_edits() -> None:
    facts = replace(PLAIN, generator="PNG text 'prompt'")
    assert direction_by_files(PLAIN, facts)["generator"] > 0
    assert direction_by_files(facts, PLAIN)["generator"] < 0


@pytest.mark.parametrize("fields", [{"software": "Adobe Lightroom"}, {"has_credentials": True}])
def test_software_alone_is_too_little_for_a_vote(fields: dict[str, object]) -> None:
    facts: FileFacts = replace(PLAIN, **fields)  # type: ignore[arg-type]
    assert -0.5 < sum(direction_by_files(facts, PLAIN).values()) < 0


def flat(colour: tuple[int, int, int]) -> Picture:
    return np.full((40, 50, 3), colour, np.uint8)


EVERYWHERE = np.ones((40, 50), bool)
BUSY = photograph(3, 50, 40)


@pytest.mark.parametrize(
    ("instruction", "original", "edited"),
    [
        ("add a dog", flat((90, 90, 90)), BUSY),
        ("Please remove the dog", BUSY, flat((90, 90, 90))),
        ("make the car red", flat((40, 80, 200)), flat((200, 30, 30))),
        ("change the wall to white.", flat((40, 80, 200)), flat((250, 250, 250))),
    ],
)
def test_words_fit_the_sides_one_way_only(instruction: str, original: Picture, edited: Picture) -> None:
    assert direction_by_words(instruction, {}, original, edited, EVERYWHERE)["words"] > 0.4
    assert direction_by_words(instruction, {}, edited, original, EVERYWHERE)["words"] < -0.4


@pytest.mark.parametrize("instruction", [None, "", "what a nice day", "make it better"])
def test_words_that_name_nothing_say_nothing(instruction: str | None) -> None:
    assert direction_by_words(instruction, {}, flat((1, 2, 3)), BUSY, EVERYWHERE) == {}


def test_captions_that_differ_by_what_was_asked_for_tell_the_way() -> None:
    captions = {"source_caption": "a meadow", "target_caption": "a meadow with a dog"}
    exchanged = dict(zip(captions, reversed(captions.values()), strict=True))
    grey = flat((90, 90, 90))
    assert direction_by_words("let a dog run in", captions, grey, grey, ~EVERYWHERE) == {"captions": 1.5}
    assert direction_by_words("let a dog run in", exchanged, grey, grey, ~EVERYWHERE) == {"captions": -1.5}
    assert direction_by_words("remove the dog", exchanged, grey, grey, ~EVERYWHERE) == {"captions": 1.5}


@given(st.lists(st.floats(0.5, 8), min_size=1, max_size=30))
def test_votes_that_agree_are_never_farther_from_coins_than_equal_ones(votes: list[float]) -> None:
    assert 0 < from_coins(votes) <= len(votes) ** 0.5 + 1e-9
    assert from_coins([-vote for vote in votes]) == -from_coins(votes)
