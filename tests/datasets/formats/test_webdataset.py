"""The tars, read by webdataset and by tarfile."""

from __future__ import annotations

import gc
import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maskwright.datasets.formats import Shard, load_format
from maskwright.datasets.values import Entry
from tests.datasets.formats.made import entry, mixed, pixels, stored, write

FORM = load_format("webdataset")
# webdataset leaves its tars for the garbage collector
leaves_files_open = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")


def samples(folder: Path, split: str = "train", **settings: Any) -> list[dict[str, Any]]:
    import webdataset

    shards = [str(path) for path in sorted((folder / "data").glob(f"{split}-*.tar"))]
    found = list(webdataset.WebDataset(shards, **settings).decode("pil"))
    gc.collect()
    return found


@leaves_files_open
def test_webdataset_gives_every_sample_with_its_pictures_and_columns(tmp_path: Path) -> None:
    given = mixed()
    write(tmp_path, "webdataset", given)
    found = samples(tmp_path, shardshuffle=False)
    of = [one for one in given if one.split == "train"]
    assert [sample["__key__"] for sample in found] == [one.stem for one in of]
    for sample, one in zip(found, of, strict=True):
        assert one.picture is not None
        np.testing.assert_array_equal(np.asarray(sample["picture.png"]), pixels(one.picture.data))
        np.testing.assert_array_equal(np.asarray(sample["mask.png"].convert("L")) > 0, one.mask)
        assert sample["json"]["label"] == one.label


@leaves_files_open
def test_shards_are_shuffled_without_a_warning_when_asked_to(tmp_path: Path) -> None:
    write(tmp_path, "webdataset", mixed(30), rows=3)
    orders = {tuple(s["__key__"] for s in samples(tmp_path, shardshuffle=9, seed=seed)) for seed in (1, 2)}
    assert len(orders) == 2
    assert len({frozenset(order) for order in orders}) == 1


@leaves_files_open
def test_the_members_of_all_samples_go_by_the_same_names(tmp_path: Path) -> None:
    import webdataset

    write(tmp_path, "webdataset", mixed())
    shards = [str(path) for path in sorted((tmp_path / "data").glob("train-*.tar"))]
    names = ("picture.png", "mask.png", "ignore.png", "original.png", "json")
    assert len(list(webdataset.WebDataset(shards, shardshuffle=False).to_tuple(*names))) == 5
    gc.collect()


def members(path: Path) -> list[tarfile.TarInfo]:
    with tarfile.open(path) as tar:
        return tar.getmembers()


def test_members_of_a_sample_are_adjacent_and_keys_have_no_dot(tmp_path: Path) -> None:
    write(tmp_path, "webdataset", mixed(), rows=9)
    names = [member.name for member in members(tmp_path / "data" / "train-00000-of-00001.tar")]
    keys = [name.partition(".")[0] for name in names]
    assert [key for key, last in zip(keys, [None, *keys], strict=False) if key != last] == sorted(set(keys))
    assert all(key.isdigit() for key in keys)


def test_headers_say_nothing_of_the_machine(tmp_path: Path) -> None:
    write(tmp_path, "webdataset", mixed())
    for path in (tmp_path / "data").iterdir():
        facts = {(one.mtime, one.uid, one.gid, one.uname, one.gname, one.mode) for one in members(path)}
        assert facts == {(0, 0, 0, "", "", 0o644)}


def test_a_tar_is_there_once_all_its_samples_are(tmp_path: Path) -> None:
    for put in FORM.write(tmp_path, Shard("train", 0, 1), [entry(0), entry(1)]):
        assert put.stem in ("000000", "000001")
        assert not list(tmp_path.rglob("*.tar"))
    assert [path.name for path in tmp_path.rglob("*.tar")] == ["train-00000-of-00001.tar"]


def tar(path: Path, files: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as made:
        for name, data in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(data)
            made.addfile(header, io.BytesIO(data))


def picture(one: Entry) -> bytes:
    assert one.picture is not None
    return one.picture.data


@pytest.mark.parametrize(
    ("first", "second"), [("jpg", "mask.png"), ("image.jpg", "mask.png"), ("img.png", "gt.png")]
)
def test_tars_of_others_are_read_and_a_mask_that_is_not_there_is_none(
    first: str, second: str, tmp_path: Path
) -> None:
    data, mask = picture(entry(0)), stored(np.full((12, 17), 255, np.uint8)).data
    files = {
        f"a/0.{first}": data,
        f"a/0.{second}": mask,
        f"a/1.{first}": data,
        "a/1.json": b'{"label": "real"}',
    }
    tar(tmp_path / "shard-000.tar", files)
    assert FORM.holds(tmp_path)
    records = list(FORM.read(tmp_path))
    assert [(one.id, one.label, one.mask is None) for one in records] == [
        ("shard-000.tar#a/0", None, False),
        ("shard-000.tar#a/1", "authentic", True),
    ]


def test_tars_of_pairs_are_no_dataset_of_this_kind(tmp_path: Path) -> None:
    data = picture(entry(0))
    tar(tmp_path / "0.tar", {"0.original.png": data, "0.edited.png": data, "0.mask.png": data})
    assert not FORM.holds(tmp_path)


def test_a_file_that_is_no_tar_is_not_held(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"nothing")
    assert not FORM.holds(tmp_path)
