"""Tables at a distance and pictures by URL: only where allowed, in ranges, never a file of this machine."""

from __future__ import annotations

import io
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.corpus.annotate import Options, annotate
from maskwright.corpus.reader import open_corpus
from maskwright.errors import InputError
from maskwright.masks.annotators import load_annotator
from maskwright.masks.pipeline import annotate_pair
from maskwright.pairs import fetching
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Roles, Source, absolute, open_source
from maskwright.pairs.values import Linked, Located, Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.pairs.servers import Answer, Web, serving
from tests.pairs.tables import PNG, image_struct, keys, rows_of, write_csv
from tests.pairs.test_sources_webdataset import pair, sample, write_tar

fsspec = pytest.importorskip("fsspec", reason="the extra hub is not installed")
pytest.importorskip("aiohttp", reason="the extra hub is not installed")

ALLOWED = Roles(allow_remote=True)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSE_S", 0.0)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Callable[[str, bytes], str]]:
    """Puts a file into fsspec's memory, in a folder of this test's own; gives its URL."""
    system, root = fsspec.filesystem("memory"), f"/{tmp_path.name}"

    def put(name: str, data: bytes) -> str:
        system.pipe_file(f"{root}/{name}", data)
        return f"memory:/{root}/{name}"

    yield put
    if system.exists(root):
        system.rm(root, recursive=True)


@pytest.fixture
def web() -> Iterator[Web]:
    with serving({}) as running:
        yield running


def parquet(rows: int, **columns: Any) -> bytes:
    table = {
        "original": [image_struct(PNG[i % 6]) for i in range(rows)],
        "edited": [image_struct(None if i == 3 else PNG[1]) for i in range(rows)],
        "n": range(rows),
    }
    held = io.BytesIO()
    pq.write_table(pa.table({**table, **columns}), held, row_group_size=10)
    return held.getvalue()


def tar(path: Path, rows: int, prefix: str = "") -> bytes:
    return write_tar(path, *[pair(f"{prefix}{i}") for i in range(rows)], sample("odd", cls="1")).read_bytes()


class TestMemoryParquet(SourceContract):
    @pytest.fixture
    def reopen(self, memory: Callable[[str, bytes], str]) -> Callable[[], Source]:
        url = memory("t.parquet", parquet(40))
        return lambda: open_source(url, roles=ALLOWED)


class TestMemoryTars(SourceContract):
    @pytest.fixture
    def reopen(self, memory: Callable[[str, bytes], str], tmp_path: Path) -> Callable[[], Source]:
        for shard in range(3):
            url = memory(f"deep/s-{shard}.tar", tar(tmp_path / "t.tar", 12))
        return lambda: open_source(url.rpartition("/")[0], roles=ALLOWED)


class TestWebCsv(SourceContract):
    @pytest.fixture
    def reopen(self, web: Web, tmp_path: Path) -> Callable[[], Source]:
        rows = [row for i, row in enumerate(rows_of(60)) if i != 1]
        web.answers["/d/pairs.csv"] = Answer(write_csv(tmp_path / "t.csv", rows).read_bytes())
        return lambda: open_source(f"{web.url}/d/pairs.csv", roles=ALLOWED)


class TestWebTar(SourceContract):
    @pytest.fixture
    def reopen(self, web: Web, tmp_path: Path) -> Callable[[], Source]:
        web.answers["/t.tar"] = Answer(tar(tmp_path / "t.tar", 30))
        return lambda: open_source(f"{web.url}/t.tar", roles=ALLOWED)


class TestPicturesAsUrls(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        rows = [{"original": f"https://x.org/{i}.png", "edited": f"http://x.org/e{i}.png"} for i in range(30)]
        rows[4]["edited"] = "file:///etc/x.png"
        write_csv(tmp_path / "t.csv", rows)
        return lambda: open_source(tmp_path / "t.csv", roles=ALLOWED)


# ---- what is allowed ------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["memory://t.parquet", "https://example.org/t.csv", "s3://bucket/folder"])
def test_a_source_at_a_distance_is_refused_unless_allowed(url: str) -> None:
    with pytest.raises(InputError) as refusal:
        open_source(url)
    assert "--allow-remote" in refusal.value.hint


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd.csv",
        "local:///etc/x.csv",
        "FILE://localhost/etc/x.csv",
        "simplecache::file:///etc/x.csv",
        "zip://x.csv::file:///tmp/x.zip",
        "https://example.org/x.zip::file:///etc/x.csv",
        "dir://x::file:///etc",
        "reference://x.csv",
        "data://x.csv",
    ],
)
def test_no_url_leads_back_to_this_machine(url: str) -> None:
    with pytest.raises(InputError):
        open_source(url, roles=ALLOWED)


@pytest.mark.parametrize(
    "cell",
    ["file:///{}", "FILE://{}", "file://localhost{}", "memory://x::file://{}", "zip://a.png::file://{}"],
)
def test_no_url_in_a_table_leads_back_to_this_machine(cell: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG[0])
    rows = [{"original": "a.png", "edited": "b.png"}, {"original": "a.png", "edited": cell.format(secret)}]
    source = open_source(write_csv(tmp_path / "t.csv", rows), roles=ALLOWED)
    row = everything(source)[1]
    assert isinstance(row, Rejection)
    assert row.reason == "remote_not_allowed"
    with pytest.raises(InputError) as refusal:
        read_picture(source.picture(cell.format(secret)))
    assert refusal.value.reason == "remote_not_allowed"


def test_paths_in_a_table_at_a_distance_are_never_files_of_this_machine(
    memory: Callable[[str, bytes], str], tmp_path: Path
) -> None:
    (tmp_path / "secret.png").write_bytes(PNG[0])
    paths = [
        str(tmp_path / "secret.png"),
        f"../../..{tmp_path}/secret.png",
        f"x::file://{tmp_path}/secret.png",
    ]
    lines = [json.dumps({"original": path, "edited": "e.png"}) for path in paths]
    source = open_source(memory("t.jsonl", "\n".join(lines).encode()), roles=ALLOWED)
    for row in everything(source):
        assert isinstance(row, Pair)
        assert isinstance(row.original, Linked)
        with pytest.raises(InputError):
            read_picture(row.original)


def test_pictures_beside_a_table_at_a_distance_are_read_there(memory: Callable[[str, bytes], str]) -> None:
    for i in range(2):
        memory(f"p/{i}.png", PNG[i])
    url = memory("t.jsonl", b'{"original": "p/0.png", "edited": "p/1.png"}')
    source = open_source(url, roles=ALLOWED)
    (row,) = everything(source)
    assert keys(row) == ["p/0.png", "p/1.png"]
    assert isinstance(row, Pair)
    assert [read_picture(side).data for side in (row.original, row.edited)] == PNG[:2]
    assert read_picture(source.picture("p/1.png")).data == PNG[1]


def test_urls_in_a_table_are_not_fetched_unless_allowed(web: Web, tmp_path: Path) -> None:
    web.answers["/a.png"] = Answer(PNG[0])
    rows = [{"original": f"{web.url}/a.png", "edited": f"{web.url}/a.png"}]
    source = open_source(write_csv(tmp_path / "t.csv", rows))
    (row,) = everything(source)
    assert isinstance(row, Rejection)
    with pytest.raises(InputError):
        read_picture(source.picture(f"{web.url}/a.png"))
    assert web.asked == []


# ---- pictures by URL ------------------------------------------------------------------------------------


def fetched(web: Web, path: str = "/a.png", limit: int = 1 << 20) -> bytes:
    return fetching.fetch(f"{web.url}{path}", "a.png", limit)


def reason(web: Web, path: str = "/a.png", limit: int = 1 << 20) -> str:
    with pytest.raises(InputError) as refusal:
        fetched(web, path, limit)
    return refusal.value.reason


def test_a_picture_is_fetched_and_found_again_by_its_url(web: Web, tmp_path: Path) -> None:
    web.answers |= {"/a%20b.png": Answer(PNG[0]), "/b.png": Answer(PNG[1])}
    rows = [{"original": f"{web.url}/a b.png", "edited": f"{web.url}/b.png?size=1"}]
    source = open_source(write_csv(tmp_path / "t.csv", rows), roles=ALLOWED)
    (row,) = everything(source)
    assert isinstance(row, Pair)
    assert [read_picture(side).data for side in (row.original, row.edited)] == PNG[:2]
    assert keys(row) == [rows[0]["original"], rows[0]["edited"]]
    assert read_picture(source.picture(rows[0]["edited"])).data == PNG[1]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=404), "file_missing"),
        (Answer(status=403), "file_missing"),
        (Answer(status=500), "remote_failed"),
        (Answer(status=429), "remote_failed"),
        (Answer(b"x" * 5000, length=9000), "remote_failed"),
        (Answer(b"x" * 5000), "too_large"),
        (Answer(b"x" * 5000, length=-1), "too_large"),
        (Answer(status=302, headers={"Location": "file:///etc/passwd"}), "remote_failed"),
        (Answer(status=302, headers={"Location": "/a.png"}), "remote_failed"),
    ],
)
def test_an_answer_that_is_no_picture_has_its_reason(answer: Answer, expected: str, web: Web) -> None:
    web.answers["/a.png"] = answer
    assert reason(web, limit=9000 if answer.length == 9000 else 1000) == expected


def test_a_pair_is_annotated_with_each_picture_fetched_once(web: Web) -> None:
    web.answers |= {"/a.png": Answer(PNG[0]), "/b.png": Answer(PNG[1])}
    original, edited = (Linked(f"{web.url}/{name}.png", name) for name in "ab")
    annotation = annotate_pair(Pair("x", original, edited), load_annotator("difference"))
    assert annotation.reason == "unrelated", "pictures of noise"
    assert web.asked == ["GET /a.png", "GET /b.png"]


def test_a_size_beyond_the_limit_is_not_fetched(web: Web) -> None:
    web.answers["/a.png"] = Answer(b"x" * 5_000_000)
    with pytest.raises(InputError, match="it has 5000000 bytes"):
        fetched(web, limit=1000)
    assert len(web.asked) == 1


def test_a_failure_that_passes_is_not_noticed(web: Web) -> None:
    answers = iter([Answer(status=503), Answer(PNG[0], length=10**5), Answer(PNG[0])])
    web.answers["/a.png"] = lambda: next(answers)
    assert fetched(web) == PNG[0]


def test_a_redirection_out_of_the_web_is_not_followed(web: Web) -> None:
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        elsewhere.setblocking(False)
        address = f"ftp://127.0.0.1:{elsewhere.getsockname()[1]}/x"
        web.answers["/a.png"] = Answer(status=302, headers={"Location": address})
        assert reason(web) == "remote_failed"
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


def test_a_redirection_within_the_web_is_followed(web: Web) -> None:
    web.answers |= {"/a.png": Answer(status=302, headers={"Location": "/b.png"}), "/b.png": Answer(PNG[0])}
    assert fetched(web) == PNG[0]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/a.png", "http:///a.png", "http://[", "http://a.invalid/x.png"]
)
def test_a_url_that_leads_nowhere_has_its_reason(url: str) -> None:
    with pytest.raises(InputError) as refusal:
        fetching.fetch(url, "x", 1000)
    assert refusal.value.reason == "remote_failed"


def test_what_could_not_be_fetched_may_be_tried_again(web: Web) -> None:
    web.answers["/a.png"] = Answer(status=500)
    picture = Linked(f"{web.url}/a.png", "a")
    annotation = annotate_pair(Pair("x", picture, picture), load_annotator("difference"))
    assert (annotation.status, annotation.reason) == ("failed", "remote_failed")


# ---- tables at a distance -------------------------------------------------------------------------------


def test_rows_are_those_of_the_same_file_on_this_machine(web: Web, tmp_path: Path) -> None:
    (tmp_path / "t.parquet").write_bytes(parquet(25))
    write_tar(tmp_path / "t.tar", pair("a"), pair("b", txt="x"), sample("c", txt="y"))
    write_csv(tmp_path / "t.csv", rows_of(9))
    (tmp_path / "t.json").write_text(json.dumps(rows_of(9)))
    for ending in ("parquet", "tar", "csv", "json"):
        web.answers[f"/{ending}/t.{ending}"] = Answer((tmp_path / f"t.{ending}").read_bytes())
        here = everything(open_source(tmp_path / f"t.{ending}", roles=ALLOWED))
        there = everything(open_source(f"{web.url}/{ending}/t.{ending}", roles=ALLOWED))
        assert [(row.id, dict(row.columns)) for row in there] == [(row.id, dict(row.columns)) for row in here]
        assert [keys(row) for row in there if isinstance(row, Pair)] == [
            keys(row) for row in here if isinstance(row, Pair)
        ]


def test_only_ranges_that_are_read_are_fetched(web: Web) -> None:
    held = io.BytesIO()
    noise = [bytes([i]) * 100 + PNG[0] + bytes(range(256)) * 400 for i in range(60)]
    table = pa.table({"original": noise, "edited": noise, "junk": noise})
    pq.write_table(table, held, row_group_size=10, compression="none", use_dictionary=False)
    web.answers["/t.parquet"] = Answer(held.getvalue())
    source = open_source(f"{web.url}/t.parquet", roles=ALLOWED)
    assert web.sent < len(held.getvalue()) / 8
    source.picture("t.parquet#31:edited")
    assert web.sent < len(held.getvalue()) / 3


def test_a_server_without_ranges_is_refused(web: Web) -> None:
    web.answers["/t.parquet"] = Answer(parquet(5), ranges=False)
    with pytest.raises(InputError) as refusal:
        open_source(f"{web.url}/t.parquet", roles=ALLOWED)
    assert refusal.value.hint == "download it first"


def test_a_secret_behind_a_question_mark_is_in_no_id(web: Web) -> None:
    web.answers["/t.parquet"] = Answer(parquet(5))
    found = everything(open_source(f"{web.url}/t.parquet?token=secret", roles=ALLOWED))
    assert [row.id for row in found] == [f"t.parquet#{i}" for i in range(5)]
    assert all("secret" not in key for row in found if isinstance(row, Pair) for key in keys(row))


def test_hidden_files_of_a_folder_are_left_alone(memory: Callable[[str, bytes], str]) -> None:
    url = memory("a.parquet", parquet(5)).rpartition("/")[0]
    memory(".b.parquet", parquet(5))
    memory(".trash/c.parquet", parquet(5))
    assert {part.file for part in open_source(url, roles=ALLOWED).plan()} == {"a.parquet"}


def test_a_table_that_is_not_there_is_refused(web: Web, memory: Callable[[str, bytes], str]) -> None:
    memory("here.txt", b"x")
    for url in (f"{web.url}/none.csv", f"{web.url}/folder", "memory://nothing-here", "memory://no.parquet"):
        with pytest.raises(InputError):
            open_source(url, roles=ALLOWED)


def test_an_opening_outlasts_a_failure_that_passes(web: Web) -> None:
    answers = [Answer(status=500)] * 2 + [Answer(parquet(5))] * 40
    web.answers["/t.parquet"] = lambda: answers.pop(0)
    assert open_source(f"{web.url}/t.parquet", roles=ALLOWED).rows() == 5
    assert len(answers) < 40


def test_a_file_that_changed_is_noticed(web: Web, memory: Callable[[str, bytes], str]) -> None:
    url = memory("t.parquet", parquet(5))
    plan = open_source(url, roles=ALLOWED).plan()
    memory("t.parquet", parquet(5, m=range(5)))
    with pytest.raises(InputError, match="changed"):
        list(open_source(url, roles=ALLOWED).read(plan[0]))
    web.answers["/t.parquet"] = Answer(parquet(5))
    plan = open_source(f"{web.url}/t.parquet", roles=ALLOWED).plan()
    web.answers["/t.parquet"] = Answer(parquet(5, m=range(5)))
    with pytest.raises(InputError, match="changed"):
        list(open_source(f"{web.url}/t.parquet", roles=ALLOWED).read(plan[0]))


@pytest.mark.parametrize("ending", ["parquet", "tar", "csv", "jsonl"])
def test_a_server_that_fails_in_the_middle_is_said_and_may_be_tried_again(
    ending: str, web: Web, tmp_path: Path
) -> None:
    match ending:
        case "parquet":
            data = parquet(50)
        case "tar":
            data = tar(tmp_path / "t.tar", 50)
        case "csv":
            data = write_csv(tmp_path / "t.csv", rows_of(50)).read_bytes()
        case _:
            data = "\n".join(map(json.dumps, rows_of(50))).encode()
    web.answers[f"/t.{ending}"] = Answer(data)
    source = open_source(f"{web.url}/t.{ending}", roles=ALLOWED)
    part = source.plan()[-1]
    web.answers[f"/t.{ending}"] = Answer(status=500)
    with pytest.raises(InputError) as refusal:
        list(source.read(part))
    assert refusal.value.reason == "remote_failed"


def test_a_folder_of_pictures_at_a_distance_is_refused(
    memory: Callable[[str, bytes], str],
) -> None:
    url = memory("p/a.png", PNG[0]).rpartition("/")[0]
    with pytest.raises(InputError) as refusal:
        open_source(url, roles=ALLOWED)
    assert "from this machine only" in refusal.value.hint


def test_a_local_path_of_a_table_is_still_a_file(tmp_path: Path) -> None:
    source = open_source(
        write_csv(tmp_path / "t.csv", [{"original": "a.png", "edited": "b.png"}]), roles=ALLOWED
    )
    assert source.picture("a.png") == Located(str(tmp_path / "a.png"), "a.png")


def test_a_location_is_one_that_every_process_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for elsewhere in ("https://example.org/t.csv", "s3://bucket/folder", "hf:owner/name:train"):
        assert absolute(elsewhere) == elsewhere
    (tmp_path / "owner").mkdir()
    assert absolute("owner/name") == str(tmp_path / "owner" / "name")


def test_a_table_at_a_distance_is_annotated_and_its_pictures_found_again(web: Web, tmp_path: Path) -> None:
    web.answers["/t.tar"] = Answer(tar(tmp_path / "t.tar", 10))
    url = f"{web.url}/t.tar"
    annotate(url, tmp_path / "out", workers=1, options=Options(roles=ALLOWED))
    corpus = open_corpus(tmp_path / "out")
    reasons = corpus.table(["reason"]).column("reason").to_pylist()
    assert reasons == ["unrelated"] * 10 + ["no_picture"], "pictures of noise"
    original, edited = corpus.pictures("t.tar#3")
    assert np.array_equal(original, read_picture(PNG[0]).pixels)
    assert np.array_equal(edited, read_picture(PNG[1]).pixels)
