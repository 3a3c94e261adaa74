"""Samples: the distribution that training and `generate` share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskwright.errors import InputError
from maskwright.synthesis.backgrounds import draw_alone
from maskwright.synthesis.photos import Photo, read_photos
from maskwright.synthesis.samples import BACKGROUNDS, REDRAWN_SHARES, draw_sample
from tests.synthesis.conftest import textured


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Photo]:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(4):
        Image.fromarray(textured(150, 190, seed=number)).save(folder / f"{number}.png")
    return read_photos(folder)


def test_the_same_generator_gives_the_same_pair(photos: list[Photo]) -> None:
    for number in range(12):
        one, two = (draw_sample(photos, np.random.default_rng([3, number])) for _ in range(2))
        assert one.told.edits == two.told.edits
        assert one.told.corruptions == two.told.corruptions
        for name in ("original", "edited", "mask", "ignore"):
            assert getattr(one.told.made, name).tobytes() == getattr(two.told.made, name).tobytes()


def test_pairs_without_an_edit_have_an_empty_mask_and_others_mostly_do_not(photos: list[Photo]) -> None:
    samples = [draw_sample(photos, np.random.default_rng([4, number])) for number in range(80)]
    unedited = [sample for sample in samples if not sample.told.edits]
    edited = [sample for sample in samples if sample.told.edits]
    assert 10 <= len(unedited) <= 40
    assert not any(sample.told.made.mask.any() for sample in unedited)
    assert np.mean([sample.told.made.mask.any() for sample in edited]) > 0.9
    assert all(sample.told.corruptions for sample in unedited if sample.told.background != "identical")
    alone = [sample.told for sample in unedited if len(sample.told.corruptions) == 1]
    (drawn,) = (told for told in alone if told.corruptions[0].startswith("resynthesised"))
    assert drawn.background == "regenerated"


def test_one_thing_alone_has_the_background_it_makes() -> None:
    words = {"resaved": "", "regenerated": ""}
    for seed in range(150):
        background, thing = draw_alone(np.random.default_rng(seed))
        words[background] += thing.words + "\n"
    for name in ("drift", "local tone", "resynthesised"):
        assert name in words["regenerated"]
        assert name not in words["resaved"]
    for name in ("jpeg", "shifted", "resized", "tone", "noise"):
        assert name in words["resaved"]


def test_the_donor_is_another_photograph_unless_there_is_only_one(photos: list[Photo]) -> None:
    for number in range(10):
        sample = draw_sample(photos, np.random.default_rng(number))
        assert sample.photo != sample.donor
        assert (sample.donor is None) == (not sample.told.edits)
    alone = [draw_sample(photos[:1], np.random.default_rng(seed)) for seed in range(8)]
    assert {sample.donor for sample in alone} == {None, photos[0]}


def test_another_photograph_is_drawn_in_place_of_a_broken_one(photos: list[Photo], tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    broken = Photo(str(tmp_path / "broken.png"))
    told = [draw_sample([*photos, broken], np.random.default_rng(seed)) for seed in range(20)]
    assert not any(broken in (sample.photo, sample.donor) for sample in told)
    assert any("broken.png" in words for sample in told for words in sample.unreadable)


def test_no_photograph_and_only_broken_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no photographs"):
        draw_sample([], np.random.default_rng(0))
    with pytest.raises(InputError, match="cannot be read"):
        draw_sample([Photo(str(tmp_path / "nowhere.png"))], np.random.default_rng(0))


def test_a_share_of_the_regenerated_pairs_passes_through_the_autoencoder_that_is_given(
    photos: list[Photo],
) -> None:
    passed = 0
    for number in range(120):
        sample = draw_sample(photos, np.random.default_rng([6, number]), again=lambda picture: picture // 2)
        told = sample.told
        if "autoencoder" not in told.corruptions:
            continue
        passed += 1
        assert told.background == "regenerated"
        assert told.corruptions[0] == "autoencoder"
        untouched = ~(told.made.mask | told.made.ignore)
        assert told.made.edited[untouched].mean() < 0.75 * told.made.original.mean()
        assert max(told.made.original.shape[:2]) <= 190
    assert 4 <= passed <= 35


def test_shares_say_how_often_each_background_is_drawn(photos: list[Photo]) -> None:
    for shares in ({"redrawn": 1.0}, {"identical": 1.0}):
        drawn = [draw_sample(photos, np.random.default_rng(seed), shares=shares) for seed in range(12)]
        # A single corruption of an unedited pair has the background it makes.
        told = [sample.told for sample in drawn if sample.told.edits]
        assert {each.background for each in told} == set(shares)


def test_both_tables_of_shares_are_of_the_same_backgrounds_and_add_to_one() -> None:
    assert REDRAWN_SHARES.keys() == BACKGROUNDS.keys()
    for shares in (REDRAWN_SHARES, BACKGROUNDS):
        assert sum(shares.values()) == pytest.approx(1)
    assert REDRAWN_SHARES["redrawn"] > BACKGROUNDS["redrawn"]
