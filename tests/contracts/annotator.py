"""What every annotator keeps. A new one inherits the class and gives `annotator`."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from maskwright.masks.annotators import Annotator
from maskwright.pairs.values import Aligned, Geometry, Hint, Picture

MIRROR_TOLERANCE = 0.02
"""Share of pixels whose mask may differ when both pictures are mirrored: rounding of a filter's
centre at even sizes moves borders by one pixel."""


def textured(seed: int, width: int, height: int) -> Picture:
    """A picture with structure at several scales, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    total = np.zeros((height, width, 3), np.float32)
    for side in (4, 16, 64):
        coarse = rng.uniform(0, 255, (max(2, height // side), max(2, width // side), 3)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC) / 3
    return np.clip(total, 0, 255).astype(np.uint8)


def jpeg(picture: Picture, quality: int) -> Picture:
    """The picture after one JPEG save."""
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])


def laid(original: Picture, edited: Picture) -> Aligned:
    """A pair on one grid that needed no alignment."""
    return Aligned(original, edited, np.ones(edited.shape[:2], np.bool_), Geometry("identity", np.eye(3)))


def edited_pair(seed: int = 1, width: int = 208, height: int = 160, quality: int = 90) -> Aligned:
    """A box of another picture pasted in, then saved as JPEG."""
    original = textured(seed, width, height)
    edited = original.copy()
    patch = 255 - textured(seed + 100, width // 3, height // 3)
    edited[height // 4 : height // 4 + height // 3, width // 4 : width // 4 + width // 3] = patch
    return laid(original, jpeg(edited, quality))


class AnnotatorContract:
    """Inherit, and give `annotator` as a fixture."""

    mirror_tolerance = MIRROR_TOLERANCE

    @pytest.fixture
    def annotator(self) -> Annotator:
        raise NotImplementedError

    def batch(self) -> list[Aligned]:
        return [
            edited_pair(1),
            edited_pair(2, width=131, height=97),
            laid(textured(3, 96, 64), jpeg(textured(3, 96, 64), 75)),
        ]

    def test_it_has_a_card_with_a_name_and_a_digest(self, annotator: Annotator) -> None:
        assert annotator.card.name
        assert len(annotator.card.digest) == 64

    def test_the_map_is_float32_in_0_to_1_on_the_edited_grid(self, annotator: Annotator) -> None:
        batch = self.batch()
        for pair, change in zip(batch, annotator.annotate(batch, [Hint()] * len(batch)), strict=True):
            assert change.map.dtype == np.float32
            assert change.map.shape == pair.edited.shape[:2]
            assert change.map.min() >= 0
            assert change.map.max() <= 1

    def test_layers_are_those_on_the_card(self, annotator: Annotator) -> None:
        (change,) = annotator.annotate([edited_pair()], [Hint()])
        assert set(change.layers) <= set(annotator.card.layers)

    def test_a_batch_of_one_equals_a_batch_of_many(self, annotator: Annotator) -> None:
        batch = self.batch()
        together = annotator.annotate(batch, [Hint()] * len(batch))
        alone = [annotator.annotate([pair], [Hint()])[0] for pair in batch]
        for one, many in zip(alone, together, strict=True):
            np.testing.assert_array_equal(one.map, many.map)
            assert one.scores == many.scores

    def test_an_empty_batch_gives_nothing(self, annotator: Annotator) -> None:
        assert annotator.annotate([], []) == []

    def test_a_second_run_equals_the_first(self, annotator: Annotator) -> None:
        pair = edited_pair()
        first, second = (annotator.annotate([pair], [Hint()])[0] for _ in range(2))
        np.testing.assert_array_equal(first.map, second.map)

    def test_the_pictures_are_not_modified(self, annotator: Annotator) -> None:
        pair = edited_pair()
        kept = pair.original.copy(), pair.edited.copy(), pair.valid.copy()
        annotator.annotate([pair], [Hint()])
        for before, after in zip(kept, (pair.original, pair.edited, pair.valid), strict=True):
            np.testing.assert_array_equal(before, after)

    def test_read_only_pictures_are_enough(self, annotator: Annotator) -> None:
        pair = edited_pair()
        for array in (pair.original, pair.edited, pair.valid):
            array.flags.writeable = False
        annotator.annotate([pair], [Hint()])

    def test_identical_pictures_give_an_empty_mask(self, annotator: Annotator) -> None:
        picture = textured(4, 120, 90)
        (change,) = annotator.annotate([laid(picture, picture.copy())], [Hint()])
        assert not (change.map >= 0.5).any()

    def test_mirrored_pictures_give_the_mirrored_mask(self, annotator: Annotator) -> None:
        pair = edited_pair()
        turned = laid(
            np.ascontiguousarray(pair.original[:, ::-1]), np.ascontiguousarray(pair.edited[:, ::-1])
        )
        plain, mirrored = (change.map >= 0.5 for change in annotator.annotate([pair, turned], [Hint()] * 2))
        assert np.mean(plain != mirrored[:, ::-1]) < self.mirror_tolerance

    @pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 40), (33, 2), (17, 23)])
    def test_tiny_pictures_have_a_map_too(self, annotator: Annotator, width: int, height: int) -> None:
        rng = np.random.default_rng(0)
        original, edited = rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8)
        (change,) = annotator.annotate([laid(original, edited)], [Hint()])
        assert change.map.shape == (height, width)

    def test_pictures_without_a_valid_pixel_have_a_map_too(self, annotator: Annotator) -> None:
        pair = edited_pair()
        nowhere = Aligned(pair.original, pair.edited, np.zeros_like(pair.valid), pair.geometry)
        (change,) = annotator.annotate([nowhere], [Hint()])
        assert not (change.map >= 0.5).any()
