"""What every detector keeps. A new one inherits the class and gives `detector`."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.detectors import Detector
from maskwright.pairs.values import Picture
from tests.contracts.annotator import jpeg, textured


def spliced(seed: int = 1, width: int = 208, height: int = 160) -> Picture:
    """A textured picture with a box of another's negative, saved as JPEG."""
    picture = textured(seed, width, height)
    patch = 255 - textured(seed + 100, width // 3, height // 3)
    picture[height // 4 : height // 4 + height // 3, width // 4 : width // 4 + width // 3] = patch
    return jpeg(picture, 90)


class DetectorContract:
    """Inherit, and give `detector` as a fixture."""

    @pytest.fixture
    def detector(self) -> Detector:
        raise NotImplementedError

    def test_it_is_what_the_protocol_says(self, detector: Detector) -> None:
        assert isinstance(detector, Detector)

    def test_it_has_a_card_with_a_name_and_a_digest(self, detector: Detector) -> None:
        assert detector.card.name
        assert len(detector.card.digest) == 64

    @pytest.mark.parametrize(("width", "height"), [(208, 160), (131, 97), (1, 1), (1, 40), (33, 2), (17, 23)])
    def test_the_map_is_float32_in_0_to_1_on_the_pictures_grid(
        self, detector: Detector, width: int, height: int
    ) -> None:
        found = detector.detect(np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8))
        assert found.map.dtype == np.float32
        assert found.map.shape == (height, width)
        assert found.map.min() >= 0
        assert found.map.max() <= 1

    def test_a_picture_larger_than_a_tile_has_a_map_too(self, detector: Detector) -> None:
        assert detector.detect(textured(5, 3201, 33)).map.shape == (33, 3201)

    def test_the_score_is_a_number_in_0_to_1(self, detector: Detector) -> None:
        found = detector.detect(spliced())
        assert type(found.score) is float
        assert 0 <= found.score <= 1

    def test_a_second_run_equals_the_first_whatever_came_between(self, detector: Detector) -> None:
        first = detector.detect(spliced(1))
        detector.detect(spliced(2, width=97, height=131))
        second = detector.detect(spliced(1))
        np.testing.assert_array_equal(first.map, second.map)
        assert first.score == second.score

    def test_the_picture_is_not_modified(self, detector: Detector) -> None:
        picture = spliced()
        kept = picture.copy()
        detector.detect(picture)
        np.testing.assert_array_equal(picture, kept)

    def test_a_read_only_picture_is_enough(self, detector: Detector) -> None:
        picture = spliced()
        picture.flags.writeable = False
        detector.detect(picture)

    def test_a_view_with_a_turned_axis_is_seen_as_its_copy(self, detector: Detector) -> None:
        view = spliced()[:, ::-1]
        turned, copied = (detector.detect(each).map for each in (view, np.ascontiguousarray(view)))
        np.testing.assert_array_equal(turned, copied)
