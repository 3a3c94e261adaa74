"""The global tone fit: takes out what is global, keeps its hands off what is not."""

from __future__ import annotations

import numpy as np

from maskwright.pairs.tone import apply_tone, fit_tone
from maskwright.pairs.values import Picture, Tone
from tests.contracts.annotator import jpeg, textured

ALL = np.ones((240, 320), bool)


def brighter(picture: Picture, gain: float, offset: float) -> Picture:
    return np.clip(np.rint(picture * gain + offset), 0, 255).astype(np.uint8)


def test_a_global_change_of_tone_is_found_and_taken_out() -> None:
    photo = textured(1, 320, 240)
    toned = brighter(photo, 0.9, 12)
    tone = fit_tone(photo, toned, ALL)
    np.testing.assert_allclose(tone.gain * 128 + tone.offset, 0.9 * 128 + 12, atol=2)
    np.testing.assert_allclose(tone.gain, 0.9, atol=0.03)
    left = np.abs(apply_tone(photo, tone).astype(int) - toned)
    assert np.median(left) <= 1


def test_a_tone_is_found_beside_an_edit_of_a_third() -> None:
    photo = textured(2, 320, 240)
    toned = brighter(photo, 1.0, -15)
    toned[:80] = textured(3, 320, 80)
    tone = fit_tone(photo, toned, ALL)
    np.testing.assert_allclose(tone.offset + (tone.gain - 1) * 128, -15, atol=3)


def test_nothing_is_fitted_where_nothing_changed() -> None:
    photo = textured(4, 320, 240)
    assert fit_tone(photo, photo.copy(), ALL).is_identity
    assert fit_tone(photo, jpeg(photo, 80), ALL).is_identity


def test_nothing_is_fitted_between_strangers() -> None:
    assert fit_tone(textured(5, 320, 240), textured(6, 320, 240), ALL).is_identity


def test_a_local_change_is_no_tone() -> None:
    photo = textured(7, 320, 240)
    edited = photo.copy()
    edited[:, :100] = brighter(photo[:, :100], 1, 40)
    assert fit_tone(photo, edited, ALL).is_identity


def test_no_tone_leaves_every_pixel_and_does_not_copy_wrongly() -> None:
    photo = textured(8, 320, 240)
    np.testing.assert_array_equal(apply_tone(photo, Tone()), photo)
