"""What every grounding keeps. A new one inherits the class and gives `grounding`."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.masks.grounding import Grounding, Plane
from tests.contracts.annotator import textured


def same(one: Plane | None, other: Plane | None) -> bool:
    return (one is None) == (other is None) and (one is None or np.array_equal(one, other))


class GroundingContract:
    """Inherit, and give `grounding` as a fixture."""

    @pytest.fixture
    def grounding(self) -> Grounding:
        raise NotImplementedError

    def test_it_has_a_name_and_a_digest(self, grounding: Grounding) -> None:
        assert grounding.name
        assert len(bytes.fromhex(grounding.digest)) == 32

    def test_maps_are_float32_in_0_to_1_on_the_picture_s_grid(self, grounding: Grounding) -> None:
        pictures = [textured(1, 96, 64), textured(2, 131, 97)]
        for picture, found in zip(pictures, grounding.ground(pictures, ["a dog", "sky"]), strict=True):
            if found is not None:
                assert found.dtype == np.float32
                assert found.shape == picture.shape[:2]
                assert 0 <= found.min() <= found.max() <= 1

    def test_an_empty_concept_is_not_found(self, grounding: Grounding) -> None:
        assert grounding.ground([textured(1, 96, 64)], [""]) == [None]

    def test_a_batch_of_one_equals_a_batch_of_many(self, grounding: Grounding) -> None:
        pictures, concepts = [textured(1, 96, 64), textured(2, 131, 97)], ["a dog", "the sky over the sea"]
        together = grounding.ground(pictures, concepts)
        alone = [grounding.ground([p], [c])[0] for p, c in zip(pictures, concepts, strict=True)]
        assert all(same(one, many) for one, many in zip(alone, together, strict=True))

    def test_no_pictures_give_nothing(self, grounding: Grounding) -> None:
        assert grounding.ground([], []) == []

    def test_the_pictures_are_not_modified_and_may_be_read_only(self, grounding: Grounding) -> None:
        picture = textured(1, 96, 64)
        kept = picture.copy()
        picture.flags.writeable = False
        grounding.ground([picture], ["a dog"])
        np.testing.assert_array_equal(picture, kept)
