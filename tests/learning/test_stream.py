import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.random import Generator

from maskwright.errors import InputError
from maskwright.learning.stream import (
    Sample,
    Stream,
    make_shard,
    on_half_grid,
    read_shard,
    shard_path,
    windowed,
    write_shard,
)
from maskwright.masks.annotators.evidence import evidence
from tests.contracts.annotator import edited_pair


@dataclass(frozen=True)
class Dots:
    """Samples of chance with one edited box; some cannot be made."""

    height: int = 40
    width: int = 50
    fails: float = 0.0

    def __call__(self, rng: Generator) -> Sample:
        if rng.random() < self.fails:
            raise InputError("this photograph cannot be read")
        planes = rng.integers(0, 256, (3, self.height, self.width), dtype=np.uint8)
        mask = np.zeros((self.height, self.width), np.uint8)
        mask[5:12, 6:15] = 255
        return Sample(planes, mask, np.zeros_like(mask))


def stream(*, seed: int = 1, samples: int = 6, side: int = 16, fails: float = 0.0) -> Stream:
    return Stream(Dots(fails=fails), "dots", seed, samples, side)


def test_a_shard_is_a_function_of_the_stream_and_its_number() -> None:
    first, again = stream().shard(3), stream().shard(3)
    for name in ("planes", "mask", "ignore"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_shards_of_another_number_or_seed_are_others() -> None:
    shard = stream().shard(0)
    assert (shard.planes != stream().shard(1).planes).any()
    assert (shard.planes != stream(seed=2).shard(0).planes).any()


def test_samples_of_one_shard_differ() -> None:
    planes = stream().shard(0).planes
    assert len({each.tobytes() for each in planes}) == len(planes)


def test_what_a_shard_depends_on_is_in_the_name_of_its_folder() -> None:
    plain = stream()
    others = [stream(seed=2), stream(samples=7), stream(side=17), replace(plain, key="others")]
    assert len({plain.name, *(each.name for each in others)}) == 5
    assert plain.name == stream().name


def test_photographs_that_cannot_be_read_are_passed_over() -> None:
    assert stream(fails=0.5).shard(0).planes.shape == (6, 3, 16, 16)


def test_where_none_can_be_read_the_reason_is_told() -> None:
    with pytest.raises(InputError, match=r"20 attempts: this photograph cannot be read"):
        stream(fails=1.0).shard(0)


def test_a_shard_read_is_the_shard_written(tmp_path: Path) -> None:
    shard = stream().shard(0)
    path = shard_path(tmp_path, stream(), 0)
    write_shard(path, shard)
    for name in ("planes", "mask", "ignore"):
        np.testing.assert_array_equal(getattr(shard, name), getattr(read_shard(path), name))


def test_a_shard_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = shard_path(tmp_path, stream(fails=1.0), 0)
    write_shard(path, stream().shard(0))
    make_shard(tmp_path, stream(fails=1.0), 0, lambda note: None)  # would raise if it made one
    assert path.exists()


@pytest.mark.parametrize("damage", ["cut", "other", "empty"])
def test_a_damaged_shard_is_refused_and_named(tmp_path: Path, damage: str) -> None:
    path = shard_path(tmp_path, stream(), 0)
    write_shard(path, stream().shard(0))
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-300])
    elif damage == "other":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("planes.npy", b"no array")
    else:
        path.write_bytes(b"")
    with pytest.raises(InputError, match=r"000000\.npz is no shard"):
        read_shard(path)


def test_most_windows_touch_the_border_of_the_edit() -> None:
    rng = np.random.default_rng(0)
    sample = Dots(height=200, width=200)(rng)  # by chance 3 % would
    touching = 0
    for _ in range(200):
        edited = windowed(sample, 16, rng).mask > 0
        touching += bool(edited.any() and not edited.all())
    assert 130 <= touching <= 190


def test_windows_without_an_edit_lie_anywhere() -> None:
    rng = np.random.default_rng(0)
    rows = np.broadcast_to(np.arange(40, dtype=np.uint8)[None, :, None], (1, 40, 50)).copy()
    nothing = np.zeros((40, 50), np.uint8)
    tops = {int(windowed(Sample(rows, nothing, nothing), 16, rng).planes[0, 0, 0]) for _ in range(600)}
    assert tops == set(range(25))


def test_a_window_holds_the_same_place_of_all_planes() -> None:
    rng = np.random.default_rng(3)
    mask = Dots()(rng).mask
    window = windowed(Sample(np.stack([mask, mask]), mask, 255 - mask), 16, rng)
    np.testing.assert_array_equal(window.planes[1], window.mask)
    np.testing.assert_array_equal(window.ignore, 255 - window.mask)


def test_padding_is_ignored() -> None:
    sample = Dots(height=10, width=50)(np.random.default_rng(0))
    window = windowed(sample, 16, np.random.default_rng(1))
    assert window.planes.shape == (3, 16, 16)
    assert (window.ignore[10:] == 255).all()
    assert (window.ignore[:10] == 0).all()


def test_the_half_grid_holds_shares_of_places() -> None:
    mask = np.zeros((4, 4), np.bool_)
    mask[0, 0] = mask[2:4, 2:4] = True
    np.testing.assert_array_equal(on_half_grid(mask), [[64, 0], [0, 255]])


def test_the_half_grid_of_odd_sizes_is_that_of_the_evidence() -> None:
    pair = edited_pair(width=33, height=21)
    assert on_half_grid(pair.valid).shape == evidence(pair).valid.shape
