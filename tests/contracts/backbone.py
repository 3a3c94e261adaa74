"""What every backbone keeps. A new one inherits the class and gives `backbone`."""

from __future__ import annotations

import numpy as np
import pytest

from maskwright.masks.annotators.backbones import Backbone
from tests.contracts.annotator import textured


class BackboneContract:
    """Inherit, and give `backbone` as a fixture."""

    @pytest.fixture
    def backbone(self) -> Backbone:
        raise NotImplementedError

    def test_it_has_a_name_and_a_digest(self, backbone: Backbone) -> None:
        assert backbone.name
        assert len(bytes.fromhex(backbone.digest)) == 32

    def test_a_picture_has_a_layer_for_every_stride(self, backbone: Backbone) -> None:
        (layers,) = backbone.features([textured(1, 192, 128)])
        assert len(layers) == len(backbone.strides) > 0
        assert all(layer.dtype == np.float32 and layer.ndim == 3 for layer in layers)
        assert all(np.isfinite(layer).all() for layer in layers)

    def test_a_larger_stride_has_no_finer_grid(self, backbone: Backbone) -> None:
        (layers,) = backbone.features([textured(1, 192, 128)])
        pairs = sorted(zip(backbone.strides, (layer.shape[1:] for layer in layers), strict=True))
        assert [size for _, size in pairs] == sorted((size for _, size in pairs), reverse=True)

    def test_a_batch_of_one_equals_a_batch_of_many(self, backbone: Backbone) -> None:
        batch = [textured(1, 96, 64), textured(2, 131, 97), textured(3, 96, 64)]
        alone = [backbone.features([picture])[0] for picture in batch]
        for one, many in zip(alone, backbone.features(batch), strict=True):
            for layer, same in zip(one, many, strict=True):
                np.testing.assert_array_equal(layer, same)

    def test_no_pictures_give_nothing(self, backbone: Backbone) -> None:
        assert backbone.features([]) == []

    def test_other_pictures_have_other_features(self, backbone: Backbone) -> None:
        one, other = backbone.features([textured(1, 96, 64), 255 - textured(1, 96, 64)])
        assert any(not np.array_equal(a, b) for a, b in zip(one, other, strict=True))

    def test_the_pictures_are_not_modified_and_may_be_read_only(self, backbone: Backbone) -> None:
        picture = textured(1, 96, 64)
        kept = picture.copy()
        picture.flags.writeable = False
        backbone.features([picture])
        np.testing.assert_array_equal(picture, kept)

    @pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 40), (33, 2), (2100, 3)])
    def test_pictures_of_odd_sizes_have_features_too(
        self, backbone: Backbone, width: int, height: int
    ) -> None:
        (layers,) = backbone.features([textured(4, width, height)])
        assert all(layer.size > 0 for layer in layers)
