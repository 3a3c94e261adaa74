"""What holds for every format: read as it was written, whole or not there, known by one alone."""

from __future__ import annotations

import contextlib
import gc
import json
import resource
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray

from maskwright.datasets.formats import FORMATS, Format, load_format
from maskwright.datasets.values import ROW, SPLITS, Entry, Record
from maskwright.errors import RunError, SettingError
from maskwright.pairs.picture import read_mask, read_picture
from tests.datasets.formats import benco_readers
from tests.datasets.formats.made import entries, entry, mixed, pixels, shards, wanted, write

NAMES = tuple(FORMATS)
# IMDLBenCo and change detection have nowhere to put them; provenance/ has.
WITH_COLUMNS = ("parquet", "imagefolder", "webdataset", "coco", "masks")


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but provenance, which build writes."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    return {name: data for name, data in found.items() if not name.startswith("provenance/")}


def seen(mask: Any, like: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of a record; where there is none, nothing is edited."""
    return np.zeros_like(like) if mask is None else read_mask(mask)


def told(row: Any) -> dict[str, Any]:
    """What a row says; no text and empty text are the same."""
    return {name: row[name] for name in ROW if name != "files" and row.get(name) not in (None, "")}


def check_same(form: Format, record: Record, one: Entry) -> None:
    assert (record.split, record.label) == (one.split, one.label)
    np.testing.assert_array_equal(seen(record.mask, one.mask), one.mask)
    for role, given_picture in (("picture", one.picture), ("original", one.original)):
        found = getattr(record, role)
        if role not in form.roles or given_picture is None:
            assert found is None
        else:
            np.testing.assert_array_equal(read_picture(found).pixels, pixels(given_picture.data))
    if "ignore" in form.roles:
        expected = np.zeros_like(one.mask) if one.ignore is None else one.ignore
        np.testing.assert_array_equal(seen(record.ignore, one.mask), expected)
    else:
        assert record.ignore is None
    if form.name in WITH_COLUMNS:
        expected = told(one.row)
        if form.name == "imagefolder":  # no line has a number that some split lacks altogether
            expected = {name: value for name, value in expected.items() if name in record.row}
        assert told(record.row) == expected


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=10)
@given(given_entries=entries())
def test_what_is_read_is_what_was_written(name: str, given_entries: list[Entry]) -> None:
    form = load_format(name)
    with tempfile.TemporaryDirectory() as place:
        write(Path(place), name, given_entries)
        records = {record.row["stem"]: record for record in form.read(Path(place))}
        expected = {one.stem: one for one in wanted(form, given_entries)}
        assert records.keys() == expected.keys()
        for stem, one in expected.items():
            check_same(form, records[stem], one)


@pytest.mark.parametrize("name", NAMES)
def test_records_come_split_by_split_in_the_same_order_and_no_two_have_one_id(
    name: str, tmp_path: Path
) -> None:
    write(tmp_path, name, mixed())
    splits = [record.split for record in load_format(name).read(tmp_path) if record.label == "forged"]
    assert splits == sorted(splits, key=SPLITS.index)
    ids = [record.id for record in load_format(name).read(tmp_path)]
    assert ids == [record.id for record in load_format(name).read(tmp_path)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_entries_give_the_same_bytes(name: str, tmp_path: Path) -> None:
    for place in ("one", "two"):
        write(tmp_path / place, name, mixed())
    assert contents(tmp_path / "one") == contents(tmp_path / "two") != {}


@pytest.mark.parametrize("name", NAMES)
def test_finishing_twice_changes_nothing(name: str, tmp_path: Path) -> None:
    write(tmp_path, name, mixed())
    before = contents(tmp_path)
    write(tmp_path, name, mixed())
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"change-detection", "masks"}))
def test_a_picture_is_copied_byte_by_byte(name: str, tmp_path: Path) -> None:
    given_entries = mixed(suffix=".jpg")
    puts = write(tmp_path, name, given_entries)
    expected = {one.stem: one.picture.data for one in given_entries if one.picture}
    assert {put.stem: put.data for put in puts if put.role == "picture"} == expected


def found_at(folder: Path, path: str) -> bytes:
    """The bytes that a path of provenance names."""
    file, _, inner = path.partition("#")
    if file.endswith(".tar"):
        with tarfile.open(folder / file) as tar:
            member = tar.extractfile(inner)
            assert member is not None
            return member.read()
    if file.endswith(".parquet"):
        row, _, column = inner.partition(":")
        cell = pq.read_table(folder / file)[column][int(row)].as_py()
        return bytes(cell["bytes"])
    if inner:
        (one,) = [
            each
            for each in json.loads((folder / file).read_text())["annotations"]
            if str(each["id"]) == inner
        ]
        return str(one["segmentation"]["counts"]).encode()
    return (folder / file).read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_everything_is_where_it_is_said_to_be(name: str, tmp_path: Path) -> None:
    puts = write(tmp_path, name, mixed())
    assert {put.role for put in puts} == set(load_format(name).roles)
    for put in puts:
        assert found_at(tmp_path, put.path) == put.data


@pytest.mark.parametrize("name", NAMES)
def test_no_more_files_are_written_than_announced(name: str, tmp_path: Path) -> None:
    form, files = load_format(name), 0
    given_entries = wanted(form, mixed())
    parts = shards(given_entries)
    for shard, part in parts:
        list(form.write(tmp_path, shard, part))
    files = sum(path.is_file() for path in tmp_path.rglob("*"))
    assert 0 < files <= form.files(len(given_entries), len(parts))


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_taken_one_at_a_time(name: str, tmp_path: Path) -> None:
    form = load_format(name)
    ((shard, part),) = shards(wanted(form, [one for one in mixed(40) if one.split == "train"]), rows=99)
    taken = []

    def one_by_one() -> Iterator[Entry]:
        for one in part:
            taken.append(one.stem)
            yield one

    for put in form.write(tmp_path, shard, one_by_one()):
        assert put.stem == taken[-1]
    assert len(taken) == len(part)


@pytest.mark.parametrize("name", NAMES)
def test_a_shard_that_breaks_leaves_nothing_half_written(name: str, tmp_path: Path) -> None:
    form = load_format(name)
    ((shard, part),) = shards(wanted(form, [one for one in mixed() if one.split == "train"]), rows=9)
    list(form.write(tmp_path / "whole", shard, part))

    def breaking() -> Iterator[Entry]:
        yield from part[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(form.write(tmp_path / "broken", shard, breaking()))
    whole = contents(tmp_path / "whole")
    left = contents(tmp_path / "broken")
    assert {name: whole.get(name) for name in left} == left
    assert not [name for name in left if ".tmp-" in name]


@contextlib.contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process can grow beyond a number of bytes: writing stops in the middle."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_cannot_be_written_to_its_end_is_not_there(name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).random((150, 150)) < 0.5
    ((shard, part),) = shards([entry(0, mask=noise)])
    with files_of_at_most(1500), pytest.raises(RunError, match="cannot be written"):
        list(load_format(name).write(tmp_path, shard, part))
    assert contents(tmp_path) == {}


_KILLED = """\
import os, sys
from pathlib import Path
from maskwright.datasets.formats import load_format
from tests.datasets.formats.made import mixed, shards, wanted

name, folder = sys.argv[1:]
form = load_format(name)
((shard, part),) = shards(wanted(form, [one for one in mixed() if one.split == "train"]), rows=9)

def killing():
    yield from part[:2]
    os.kill(os.getpid(), 9)

list(form.write(Path(folder), shard, killing()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_killed_build_leaves_no_half_file_and_ends_in_the_same_bytes(name: str, tmp_path: Path) -> None:
    given_entries = [one for one in mixed() if one.split == "train"]
    write(tmp_path / "whole", name, given_entries, rows=9)
    whole = contents(tmp_path / "whole")
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, name, tmp_path / "killed"], cwd=Path(__file__).parents[3]
    )
    assert done.returncode == -9
    left = {file: data for file, data in contents(tmp_path / "killed").items() if ".tmp-" not in file}
    assert {file: whole.get(file) for file in left} == left
    write(tmp_path / "killed", name, given_entries, rows=9)
    again = {file: data for file, data in contents(tmp_path / "killed").items() if ".tmp-" not in file}
    assert again == whole


@pytest.mark.parametrize("name", NAMES)
def test_a_dataset_is_recognised_by_its_own_format_alone(name: str, tmp_path: Path) -> None:
    assert [other for other in NAMES if load_format(other).holds(tmp_path)] == []
    write(tmp_path, name, mixed())
    assert [other for other in NAMES if load_format(other).holds(tmp_path)] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_every_file_is_in_the_layout_that_the_card_shows(name: str, tmp_path: Path) -> None:
    write(tmp_path, name, mixed())
    places = [place for place, _ in load_format(name).layout if not place.startswith("#")]
    first = {place.replace("{split}", split).split("-00000-")[0] for place in places for split in SPLITS}
    assert [file for file in contents(tmp_path) if not any(file.startswith(place) for place in first)] == []
    assert [place for place in first if not any(file.startswith(place) for file in contents(tmp_path))] == []


# webdataset leaves its tars for the garbage collector; pycocotools asks NumPy 2 for a copy in an old way
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning", "ignore:__array__:DeprecationWarning")
@pytest.mark.parametrize("name", NAMES)
def test_the_lines_that_load_it_run(
    name: str, tmp_path: Path, datasets_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "made"
    write(place, name, mixed())
    # IMDLBenCo cannot be installed here: its readers are those of benco_readers
    monkeypatch.setitem(sys.modules, "IMDLBenCo", benco_readers)
    monkeypatch.setitem(sys.modules, "IMDLBenCo.datasets", benco_readers)
    monkeypatch.chdir(tmp_path)
    got: dict[str, Any] = {}
    exec(load_format(name).loading.replace("FOLDER", str(place)), got)
    gc.collect()
    assert "masks" in got or "mask" in got


@pytest.mark.parametrize("name", NAMES)
def test_a_format_says_what_it_is_and_what_becomes_of_ignore(name: str) -> None:
    form = load_format(name)
    assert form.name == name
    for sentence in (form.says, form.of_ignore):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    assert ("ignore" in form.roles) == ("is not written" not in form.of_ignore)


def test_a_format_nobody_knows_is_refused_with_the_nearest() -> None:
    with pytest.raises(SettingError) as caught:
        load_format("parket")
    assert "parquet" in caught.value.hint


def test_the_fixture_has_all_kinds() -> None:
    made = mixed()
    assert {(one.split, one.label) for one in made} == {
        (s, k) for s in SPLITS for k in ("forged", "authentic")
    }
    assert {one.ignore is None for one in made if one.label == "forged"} == {True, False}
    assert len({one.mask.shape for one in made}) == 2
