"""The tone fit: found where there is one, refused where an edit would be taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.pairs.tone import apply_tone, fit_tone
from maskwright.pairs.values import Picture, Tone
from tests.pairs.test_align import jpeg, scene, with_edit

GAIN, OFFSET = np.array([0.85, 1.0, 1.1]), np.array([10.0, -8.0, 3.0])


def toned(picture: Picture) -> Picture:
    return np.clip(picture * GAIN + OFFSET, 0, 255).astype(np.uint8)


def fitted(original: Picture, edited: Picture) -> Tone:
    return fit_tone(original, edited, np.ones(original.shape[:2], np.bool_))


def largest_error(tone: Tone) -> float:
    levels = np.array([[40.0], [128.0], [210.0]])
    return float(np.abs(levels * tone.gain + tone.offset - (levels * GAIN + OFFSET)).max())


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_a_tone_change_is_found_beside_an_edit(share: float) -> None:
    picture = scene(1)
    edited = jpeg(with_edit(toned(picture), scene(2), share) if share else toned(picture))
    assert largest_error(fitted(picture, edited)) < 6


@pytest.mark.parametrize("share", [0.0, 0.4, 0.8, 1.0])
def test_codecs_and_edits_are_no_tone_change(share: float) -> None:
    picture = scene(3)
    edited = jpeg(with_edit(picture, scene(4), share) if share else picture, 50)
    assert fitted(picture, edited).is_identity


def test_a_darker_background_behind_an_untouched_subject_is_an_edit() -> None:
    picture = scene(5)
    edited = with_edit(picture, (picture * 0.75).astype(np.uint8), 0.6)
    assert (edited != picture).any()
    assert fitted(picture, edited).is_identity


def test_a_flat_background_of_another_colour_is_an_edit() -> None:
    picture, ground = scene(6), np.full_like(scene(6), 230)
    original = with_edit(picture, ground, 0.6)
    edited = with_edit(picture, np.full_like(ground, 90), 0.6)
    assert fitted(original, edited).is_identity


def test_only_valid_pixels_are_asked() -> None:
    picture = scene(7)
    edited = toned(picture)
    edited[:, :200] = scene(8)[:, :200]
    valid = np.zeros(picture.shape[:2], np.bool_)
    valid[:, 200:] = True
    assert largest_error(fit_tone(picture, edited, valid)) < 3
    assert fit_tone(picture, edited, np.zeros_like(valid)).is_identity


def test_the_identity_gives_back_the_very_array() -> None:
    picture = scene(9)
    assert apply_tone(picture, Tone()) is picture


def test_a_tone_is_applied_as_the_formula_says_and_clipped() -> None:
    picture = scene(10)
    tone = Tone(np.array([0.5, 1.3, 1.0]), np.array([20.0, 0.0, -40.0]))
    slow = np.clip(np.rint(picture * tone.gain + tone.offset), 0, 255).astype(np.uint8)
    assert (slow == 255).any()
    assert (slow == 0).any()
    assert np.array_equal(apply_tone(picture, tone), slow)
