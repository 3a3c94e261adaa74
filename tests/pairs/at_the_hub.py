"""What `datasets` and our readers do with a hub: run by test_sources_hub.py in a process of its own.

The hub is a server on this machine that answers what huggingface_hub 2.4 and datasets 5.2 ask for; where it
is must be known before they are imported.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import re
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError
from maskwright.pairs.sources import Roles, Source, open_source, reopen_source
from maskwright.pairs.values import Encoded, Pair
from tests.contracts.source import SourceContract, everything
from tests.pairs.servers import Answer, Web, serving
from tests.pairs.tables import PNG, image_struct
from tests.pairs.test_sources_webdataset import pair, sample, write_tar

ALLOWED = Roles(allow_remote=True)
COMMIT = "c" * 40
STATE: dict[str, Any] = {}


def parquet(first: int, rows: int, **columns: Any) -> bytes:
    table = {
        "source_img": [image_struct(PNG[i % 6]) for i in range(first, first + rows)],
        "target_img": [image_struct(None if i == 3 else PNG[1]) for i in range(first, first + rows)],
        "instruction": [f"edit {i}" for i in range(first, first + rows)],
        **columns,
    }
    held = io.BytesIO()
    pq.write_table(pa.table(table), held, row_group_size=10)
    return held.getvalue()


def tar(rows: int) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = write_tar(Path(folder) / "t.tar", *map(pair, map(str, range(rows))), sample("odd", cls="1"))
        return path.read_bytes()


CONFIGS = """---
configs:
- config_name: big
  data_files: big/*.parquet
- config_name: small
  data_files: small/*.parquet
---
"""

SETS: dict[str, dict[str, bytes]] = {
    "own/parquet": {
        "README.md": b"# pairs",
        "data/train-00000-of-00002.parquet": parquet(0, 12),
        "data/train-00001-of-00002.parquet": parquet(20, 9),
        "data/dev-00000-of-00001.parquet": parquet(50, 4),
    },
    "own/tars": {"README.md": b"# tars", "train-0.tar": tar(10), "train-1.tar": tar(9)},
    "own/configs": {
        "README.md": CONFIGS.encode(),
        "big/0.parquet": parquet(0, 5),
        "small/0.parquet": parquet(0, 2),
    },
    "own/pictures": {"README.md": b"# x", "train/a.png": PNG[0], "train/b.png": PNG[1]},
    "own/csvs": {"README.md": b"# x", "a.csv": b"original,edited\na.png,b.png\n", "b.csv": b"x,y\n1,2\n"},
}


class _Hub(dict[str, Answer | Callable[[], Answer]]):
    """Answers for every path of the hub, from `SETS`."""

    def get(self, path: str, default: Any = None) -> Any:
        path = urllib.parse.unquote(path)
        if found := re.fullmatch(r"/datasets/([^/]+/[^/]+)/resolve/[^/]+/(.+)", path):
            data = SETS.get(found[1], {}).get(found[2])
            return _missing("EntryNotFound") if data is None else _file(data)
        found = re.fullmatch(r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+)(?:/(.*))?)?", path)
        if not found or found[1] not in SETS:
            return _missing("RepoNotFound")
        files = SETS[found[1]]
        if found[2] != "tree":
            siblings = [{"rfilename": name} for name in files]
            stamp = "2026-01-01T00:00:00.000Z"
            facts = {
                "id": found[1],
                "sha": COMMIT,
                "siblings": siblings,
                "lastModified": stamp,
                "createdAt": stamp,
            }
            return _json({**facts, "private": False, "gated": False, "tags": [], "downloads": 0, "likes": 0})
        inside = f"{found[4]}/" if found[4] else ""
        names = [name.removeprefix(inside) for name in files if name.startswith(inside)]
        folders = dict.fromkeys(name.partition("/")[0] for name in names if "/" in name)
        listing = [
            {"type": "directory", "oid": "d" * 40, "size": 0, "path": inside + name} for name in folders
        ]
        for name in names:
            if "/" not in name:
                data = files[inside + name]
                oid = hashlib.sha1(data).hexdigest()
                listing.append({"type": "file", "oid": oid, "size": len(data), "path": inside + name})
        return _json(listing) if names else _missing("EntryNotFound")


def _file(data: bytes) -> Answer:
    return Answer(data, headers={"X-Repo-Commit": COMMIT, "ETag": f'"{hashlib.sha1(data).hexdigest()}"'})


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value).encode(), headers={"Content-Type": "application/json"})


def _missing(code: str) -> Answer:
    return Answer(b'{"error": "not found"}', status=404, headers={"X-Error-Code": code})


@pytest.fixture(scope="session", autouse=True)
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with serving(_Hub()) as web:
        os.environ |= {"HF_ENDPOINT": web.url, "HF_HOME": str(tmp_path_factory.mktemp("home"))}
        os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_XET": "1"}
        yield web


@contextmanager
def another(name: str, file: str, data: bytes) -> Iterator[None]:
    """The data set with a file replaced."""
    before = SETS[name]
    SETS[name] = {**before, file: data}
    forget()
    try:
        yield
    finally:
        SETS[name] = before
        forget()


def forget() -> None:
    """What a process that starts anew does not know."""
    from huggingface_hub import HfFileSystem

    HfFileSystem.clear_instance_cache()


class TestHubParquet(SourceContract):
    @pytest.fixture
    def reopen(self) -> Callable[[], Source]:
        return lambda: open_source("hf:own/parquet:train", roles=ALLOWED)


class TestHubTars(SourceContract):
    @pytest.fixture
    def reopen(self) -> Callable[[], Source]:
        return lambda: open_source("own/tars", roles=ALLOWED)


def test_rows_are_those_of_the_split_with_keys_of_its_files() -> None:
    rows = everything(open_source("hf:own/parquet:dev", roles=ALLOWED))
    assert [row.id for row in rows] == [f"data/dev-00000-of-00001.parquet#{i}" for i in range(4)]
    assert isinstance(rows[0], Pair)
    assert rows[0].original == Encoded(PNG[50 % 6], "data/dev-00000-of-00001.parquet#0:source_img")
    assert rows[0].instruction == "edit 50"


def test_several_splits_are_refused_with_what_to_type() -> None:
    with pytest.raises(InputError, match=r"train, .*dev|validation") as refusal:
        open_source("own/parquet", roles=ALLOWED)
    assert refusal.value.hint == "say which: hf:own/parquet:train"


def test_a_split_that_is_not_there_is_refused_naming_those_that_are() -> None:
    with pytest.raises(InputError, match="no split 'x'; it has train"):
        open_source("own/parquet:x", roles=ALLOWED)


def test_one_of_several_configs_is_named_before_the_split() -> None:
    assert open_source("hf:own/configs:small/train", roles=ALLOWED).rows() == 2
    with pytest.raises(InputError, match="big") as refusal:
        open_source("hf:own/configs", roles=ALLOWED)
    assert "CONFIG/SPLIT" in refusal.value.hint


@pytest.mark.parametrize("name", ["own/nothing", "own/pictures", "own/csvs"])
def test_what_is_no_table_of_pairs_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        open_source(name, roles=ALLOWED)


def test_a_part_of_a_file_that_changed_at_the_hub_is_refused() -> None:
    plan = open_source("own/parquet:train", roles=ALLOWED).plan()
    with another("own/parquet", plan[0].file, parquet(1, 12)):
        again = open_source("own/parquet:train", roles=ALLOWED)
        assert again.plan()[-1] == plan[-1]
        with pytest.raises(InputError, match="changed"):
            list(again.read(plan[0]))


def test_an_address_of_the_hub_is_a_folder_like_any_other() -> None:
    rows = everything(open_source("hf://datasets/own/tars", roles=ALLOWED))
    assert len(rows) == 21
    assert dataclasses.asdict(open_source("own/tars", roles=ALLOWED).plan()[0])["file"] == "train-0.tar"


def test_a_shard_of_a_hub_is_opened_without_the_others_and_without_asking_what_there_is(hub: Web) -> None:
    whole = open_source("own/parquet:train", roles=ALLOWED)
    known, last = whole.known(), whole.plan()[-1]
    rows = list(whole.read(last))
    assert known is not None
    forget()
    hub.asked.clear()
    alone = reopen_source("hf:own/parquet:train", known, [part.file for part in whole.plan()], roles=ALLOWED)
    assert hub.asked == []
    assert list(alone.read(last)) == rows
    paths = {asked.partition(" ")[2].partition("?")[0] for asked in hub.asked}
    of_the_file = f"/datasets/own/parquet/resolve/{COMMIT}/{last.file}"
    # the folder of the file, once a process, is what huggingface_hub itself looks at to open it
    of_the_hub = {
        f"/api/datasets/own/parquet/revision/{COMMIT}",
        f"/api/datasets/own/parquet/tree/{COMMIT}/data",
    }
    assert of_the_file in paths
    assert paths <= {of_the_file, *of_the_hub}
