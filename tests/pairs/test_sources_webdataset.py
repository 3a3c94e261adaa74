"""WebDataset tars: samples by the first dot, members read in place, hostile members never followed."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from maskwright.errors import InputError
from maskwright.pairs.picture import read_picture
from maskwright.pairs.sources import Roles, Source, open_source, webdataset
from maskwright.pairs.values import Encoded, Pair, Rejection
from tests.contracts.source import SourceContract, everything
from tests.strategies import picture_file

PNG = [picture_file("PNG", seed=seed) for seed in range(6)]
PAIR = {"original.png": PNG[0], "edited.png": PNG[1]}


def entry(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def sample(key: str, **members: bytes | str) -> list[tuple[tarfile.TarInfo, bytes]]:
    """Members of a sample, by field, `__` for a dot."""
    return [
        entry(f"{key}.{field.replace('__', '.')}", data.encode() if isinstance(data, str) else data)
        for field, data in members.items()
    ]


def pair(key: str, **more: bytes | str) -> list[tuple[tarfile.TarInfo, bytes]]:
    return sample(key, original__png=PNG[0], edited__png=PNG[1], **more)


def write_tar(
    path: Path, *samples: list[tuple[tarfile.TarInfo, bytes]], format: int = tarfile.GNU_FORMAT
) -> Path:
    with tarfile.open(path, "w", format=format) as tar:
        for info, data in (member for members in samples for member in members):
            tar.addfile(info, io.BytesIO(data))
    return path


def headers(path: Path) -> dict[str, int]:
    """Where each member's header is."""
    with tarfile.open(path) as tar:
        return {member.name: member.offset for member in tar}


def rows(path: Path, **roles: Any) -> list[Pair | Rejection]:
    return everything(open_source(path, roles=Roles(**roles)))


def reasons(found: list[Pair | Rejection]) -> list[str]:
    return [row.reason if isinstance(row, Rejection) else "" for row in found]


class TestTar(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        samples = [
            sample(
                f"d/{i:04}",
                original__png=PNG[i % 6],
                **({} if i == 7 else {"edited.png": PNG[(i + 1) % 6]}),
                mask__png=PNG[2],
                txt=f"edit {i}\n",
                json=json.dumps({"turn": i, "tags": ["x"], "box": {"w": i}}),
            )
            for i in range(60)
        ]
        write_tar(tmp_path / "t.tar", *samples)
        return lambda: open_source(tmp_path / "t.tar")


class TestTarShards(SourceContract):
    @pytest.fixture
    def reopen(self, tmp_path: Path) -> Callable[[], Source]:
        for shard, count in enumerate((13, 30, 0, 9)):
            samples = [pair(f"{i}", cls=str(i)) for i in range(count)] + [sample("odd", cls="1")] * bool(
                count
            )
            write_tar(tmp_path / f"s-{shard}.tar", *samples, format=tarfile.PAX_FORMAT)
        return lambda: open_source(tmp_path)


def test_a_sample_is_a_row_with_a_column_for_each_member(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path / "t.tar",
        pair("a/1", mask__png=PNG[2], txt="make it red\n", json='{"n": 1, "o": {"x": [1]}}', bin=b"\0"),
        pair("a/2", json='{"n": 2.5}'),
    )
    source = open_source(path)
    first, second = everything(source)
    assert isinstance(first, Pair)
    assert isinstance(second, Pair)
    assert [first.original, first.edited, first.mask] == [
        Encoded(PNG[i], f"t.tar#a/1.{field}")
        for i, field in enumerate(("original.png", "edited.png", "mask.png"))
    ]
    assert (first.id, first.instruction) == ("t.tar#0", "make it red")
    assert first.columns == {"__key__": "a/1", "n": 1.0, "o": '{"x": [1]}'}
    assert second.columns == {"__key__": "a/2", "n": 2.5, "o": None}
    assert second.mask is None
    assert dict(source.reading().columns)["bin"] == "left out, files are not copied"


def test_the_key_ends_at_the_first_dot_of_the_last_part_of_the_path(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("v1.0/a"), pair("v1.0/b"), pair("./v1.1/a"))
    assert [row.columns["__key__"] for row in rows(path)] == ["v1.0/a", "v1.0/b", "v1.1/a"]


@pytest.mark.parametrize(
    "names", [("0.jpg", "1.jpg"), ("input.jpg", "output.jpg"), ("Before.JPG", "After.png")]
)
def test_the_roles_are_found_behind_the_endings(names: tuple[str, str], tmp_path: Path) -> None:
    members = [entry(f"k.{name}", data) for name, data in zip(names, PNG, strict=False)]
    (row,) = rows(write_tar(tmp_path / "t.tar", members))
    assert isinstance(row, Pair)
    assert [row.original, row.edited] == [Encoded(PNG[i], f"t.tar#k.{name}") for i, name in enumerate(names)]


def test_a_column_holds_pictures_of_every_format(tmp_path: Path) -> None:
    jpeg = picture_file("JPEG", seed=1)
    path = write_tar(tmp_path / "t.tar", pair("1"), sample("2", original__jpg=jpeg, edited__png=PNG[1]))
    row = rows(path)[1]
    assert isinstance(row, Pair)
    assert row.original == Encoded(jpeg, "t.tar#2.original.jpg")


def test_two_formats_in_one_sample_are_ambiguous(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("1"), pair("2", original__jpg=PNG[2]))
    assert reasons(rows(path)) == ["", "ambiguous"]


def test_what_belongs_to_no_sample_is_passed_over(tmp_path: Path) -> None:
    first, second = sample("a", original__png=PNG[0]), sample("a", edited__png=PNG[1])
    between = [entry("README"), entry("._a.original.png"), entry(".hidden"), entry("a", type=tarfile.DIRTYPE)]
    path = write_tar(tmp_path / "t.tar", [*first, *between, *second])
    assert reasons(rows(path)) == [""]


def test_a_key_that_comes_back_is_a_row_that_is_rejected(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), pair("b"), pair("a"))
    found = rows(path)
    assert reasons(found) == ["", "", "bad_row"]
    assert "the same key" in getattr(found[2], "detail", "")


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"json": "{"}, "not JSON"),
        ({"json": "[1]"}, "not a JSON object"),
        ({"json": '{"x": "\\u0000"}'}, "NUL"),
        ({"json": '{"txt": "x"}'}, "name of another member"),
        ({"txt": b"caf\xe9"}, "not UTF-8"),
        ({"json": b"[" * 50_000}, "nested too deeply"),
    ],
)
def test_text_that_cannot_be_read_costs_its_row_only(bad: dict[str, Any], words: str, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("1", txt="x"), pair("2", **bad), pair("3", json='{"n": 1}'))
    found = rows(path)
    assert reasons(found) == ["", "bad_row", ""]
    assert words in getattr(found[1], "detail", "")


def test_a_member_that_is_there_twice_is_a_bad_row(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("1"), pair("2") + sample("2", edited__png=PNG[3]))
    assert reasons(rows(path)) == ["", "bad_row"]


def test_names_of_any_bytes_are_keys_that_find_the_picture(tmp_path: Path) -> None:
    names = [
        "line\nbreak",
        "quo\"te'",
        "back\\slash",
        "hash#1:2",
        "a" * 300,
        "\udcff\udce9",
        "tab\t;",
        "日本",
    ]
    path = write_tar(tmp_path / "we#ird.tar", *[pair(f"d/{name}") for name in names])
    source = open_source(path)
    found = everything(source)
    assert reasons(found) == [""] * len(names)
    for row in found:
        assert isinstance(row, Pair)
        assert isinstance(row.edited, Encoded)
        assert source.picture(row.edited.key) == row.edited
        assert row.columns["__key__"].encode()


def test_a_picture_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    source = open_source(write_tar(tmp_path / "t.tar", pair("a", txt="x")))
    for place in ("b.original.png", "a.mask.png", "a.txt", "0:none", "a"):
        with pytest.raises(InputError):
            read_picture(source.picture(f"t.tar#{place}"))


# ---- hostile members ------------------------------------------------------------------------------------

HOSTILE = {
    "an absolute path": (entry("/etc/b.edited.png", PNG[1]), "leads out"),
    "a path that climbs": (entry("../../b.edited.png", PNG[1]), "leads out"),
    "a path that climbs within": (entry("x/../../b.edited.png", PNG[1]), "leads out"),
    "a symbolic link": (
        entry("b.edited.png", type=tarfile.SYMTYPE, linkname="/etc/hostname"),
        "symbolic link",
    ),
    "a link to a sample": (entry("b.edited.png", type=tarfile.LNKTYPE, linkname="a.edited.png"), "hard link"),
    "a device": (entry("b.edited.png", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "device"),
    "a disk": (entry("b.edited.png", type=tarfile.BLKTYPE), "device"),
    "a pipe": (entry("b.edited.png", type=tarfile.FIFOTYPE), "pipe"),
    "an unknown type": (entry("b.edited.png", PNG[1], type=b"Z"), "unknown type"),
    "a sparse file": (
        entry("b.edited.png", PNG[1], pax_headers={"GNU.sparse.major": "1", "GNU.sparse.realsize": "9" * 18}),
        "sparse",
    ),
    "a name with a NUL": (entry("b.edited.png", PNG[1], pax_headers={"path": "b.edi\0ted.png"}), "NUL"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_member_is_never_followed_and_costs_its_row_only(kind: str, tmp_path: Path) -> None:
    member, words = HOSTILE[kind]
    path = write_tar(tmp_path / "t.tar", pair("a"), [member], pair("c"), format=tarfile.PAX_FORMAT)
    source = open_source(path)
    found = everything(source)
    assert reasons(found) == ["", "bad_row", ""]
    assert words in getattr(found[1], "detail", "")
    assert [file.name for file in tmp_path.iterdir()] == ["t.tar"]
    with pytest.raises(InputError):
        read_picture(source.picture(f"t.tar#{member[0].name}"))


def test_a_link_that_claims_bytes_has_none(tmp_path: Path) -> None:
    link = tarfile.TarInfo("b.edited.png")
    link.type, link.linkname, link.size = tarfile.LNKTYPE, "a.edited.png", 10**6
    path = write_tar(tmp_path / "t.tar", pair("a"))
    data = path.read_bytes()
    path.write_bytes(data[: len(data.rstrip(b"\0")) // 512 * 512 + 512])
    with open(path, "ab") as file:
        file.write(link.tobuf(tarfile.GNU_FORMAT))
    with tarfile.open(path.with_suffix(".x"), "w") as tar:
        for info, held in pair("c"):
            tar.addfile(info, io.BytesIO(held))
    path.write_bytes(path.read_bytes() + path.with_suffix(".x").read_bytes())
    assert reasons(rows(path)) == ["", "bad_row", ""]


@pytest.mark.parametrize("size", [10**7, 8 * 2**30, 2**62, -1])
def test_a_size_beyond_the_tar_is_the_end_of_it(size: int, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), pair("b"), pair("c"))
    data = bytearray(path.read_bytes())
    place = headers(path)["b.original.png"]
    info = tarfile.TarInfo("b.original.png")
    info.size = abs(size)
    header = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    if size < 0:
        header[124:136] = b"\xff" * 12
        header[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(header))[0]
    data[place : place + 512] = header
    path.write_bytes(data)
    found = rows(path)
    assert "bad_row" in reasons(found)
    assert all(isinstance(row, Rejection) for row in found[1:])


def test_a_picture_of_too_many_bytes_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webdataset, "LARGEST_FILE", len(PNG[1]) - 1)
    short = sample("b", original__png=b"x", edited__png=b"y")
    assert reasons(rows(write_tar(tmp_path / "t.tar", pair("a"), short))) == ["too_large", ""]


def test_text_of_too_many_bytes_is_not_read(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a", txt="x"), pair("b", txt=b"x" * ((1 << 24) + 1)))
    assert reasons(rows(path)) == ["", "bad_row"]


def test_absurd_extension_headers_are_the_end_of_the_tar(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), pair("b"))
    whole = path.read_bytes()
    for type_, size, body in [
        (tarfile.GNUTYPE_LONGNAME, 2**40, b""),
        (tarfile.XHDTYPE, 10**9, b""),
        (tarfile.XHDTYPE, 1 << 17, b"0" * (1 << 17)),
        (tarfile.XHDTYPE, 10, b"999 path=x"),
        (tarfile.XHDTYPE, 10, b"no digits!"),
        (tarfile.XHDTYPE, 10, b"10 nothing"),
        (tarfile.XHDTYPE, 12, b"12 size=-50\n"),
        (tarfile.XHDTYPE, 4, b"0 x="),
    ]:
        info = tarfile.TarInfo("x")
        info.type, info.size = type_, size
        place = headers(path)["b.original.png"]
        odd = info.tobuf(tarfile.GNU_FORMAT) + body.ljust(512, b"\0")
        hostile = tmp_path / "h.tar"
        hostile.write_bytes(whole[:place] + odd + whole[place:])
        found = rows(hostile)
        assert reasons(found) == ["bad_row"], body
        assert size < 1 << 17 or "bytes long" in getattr(found[0], "detail", "")


def test_what_a_pax_header_says_of_all_members_is_passed_over(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "t.tar",
        "w",
        format=tarfile.PAX_FORMAT,
        pax_headers={"path": "x", "size": "1", "comment": "c"},
    ) as tar:
        for info, data in pair("a"):
            tar.addfile(info, io.BytesIO(data))
    (row,) = rows(tmp_path / "t.tar")
    assert isinstance(row, Pair)
    assert row.edited == Encoded(PNG[1], "t.tar#a.edited.png")


def test_every_cut_of_a_tar_keeps_the_rows_before_it(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), pair("b"), pair("c"))
    whole, places = path.read_bytes(), [*headers(path).values()]
    ends = [places[2], places[4], places[5] + 512 + len(PNG[1])]
    for cut in range(0, ends[-1] + 600, 97):
        path.write_bytes(whole[:cut])
        if cut < 512:
            with pytest.raises(InputError):
                open_source(path)
            continue
        try:
            found = rows(path)
        except InputError:  # nothing but the start of one sample: its columns are not known
            assert cut < ends[0]
            continue
        # the sample a cut falls into, or behind which it falls, is rejected; those before it are whole
        begun = sum(cut >= places[i] + 512 for i in (0, 2, 4))
        assert [row.id for row in found] == [f"t.tar#{i}" for i in range(begun)]
        assert reasons(found) == [""] * (begun - 1) + ["bad_row"] or cut >= ends[-1]


def test_a_damaged_header_is_a_rejection_that_says_where(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), pair("b"), pair("c"))
    place = headers(path)["c.original.png"]
    data = bytearray(path.read_bytes())
    data[place + 100 : place + 200] = b"\xff" * 100
    path.write_bytes(data)
    found = rows(path)
    assert reasons(found) == ["", "bad_row"]
    assert f"byte {place}" in getattr(found[1], "detail", "")


def test_a_tar_behind_a_tar_is_read_on(tmp_path: Path) -> None:
    one, two = write_tar(tmp_path / "1.tar", pair("a")), write_tar(tmp_path / "2.tar", pair("b"))
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "both.tar").write_bytes(one.read_bytes() + two.read_bytes())
    assert reasons(rows(tmp_path / "t" / "both.tar")) == ["", ""]


@pytest.mark.parametrize("data", [b"", b"\0" * 10240, b"PK\3\4" * 500, picture_file("PNG", seed=0)])
def test_what_is_no_tar_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "t.tar").write_bytes(data)
    with pytest.raises(InputError):
        open_source(tmp_path / "t.tar")


@pytest.mark.parametrize("name", ["t.tar.gz", "t.tgz"])
def test_a_packed_tar_is_refused_with_what_to_do(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b")
    with pytest.raises(InputError, match="packed") as refusal:
        open_source(tmp_path / name)
    assert "unpack" in refusal.value.hint


def test_a_changed_shard_is_noticed_and_the_others_are_read(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tar(tmp_path / f"{name}.tar", pair("1"), pair("2"))
    plan = open_source(tmp_path).plan()
    write_tar(tmp_path / "b.tar", pair("1"), pair("2"), pair("3"))
    again = open_source(tmp_path)
    assert reasons(list(again.read(plan[0]))) == ["", ""]
    with pytest.raises(InputError, match="changed"):
        list(again.read(plan[1]))


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_members_are_those_of_the_standard_library(format: int, tmp_path: Path) -> None:
    names = ["a/" + "x" * 90 + "/b", "plain", "a/" + "y" * 40 + "/" + "z" * 80]
    names += [] if format == tarfile.USTAR_FORMAT else ["n" * 260, "ü/ö"]
    path = write_tar(tmp_path / "t.tar", *map(pair, names), format=format)
    with tarfile.open(path) as tar:
        expected = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    sides = [side for row in rows(path) if isinstance(row, Pair) for side in (row.original, row.edited)]
    assert {
        side.key.removeprefix("t.tar#"): side.data for side in sides if isinstance(side, Encoded)
    } == expected


def test_a_folder_of_tars_and_parquet_is_refused(tmp_path: Path) -> None:
    write_tar(tmp_path / "a.tar", pair("1"))
    pq.write_table(pa.table({"original": ["a.png"], "edited": ["b.png"]}), tmp_path / "b.parquet")
    with pytest.raises(InputError, match="Parquet files and tars"):
        open_source(tmp_path)


@pytest.mark.parametrize("ending", ["tar", "parquet"])
def test_shards_of_any_name_find_their_pictures_again(ending: str, tmp_path: Path) -> None:
    names = ["a\nb", "x#1:y", "quo\"te'", "back\\slash", "\udcff", "-rf", "%s{}", "\x1b[2J"]
    for name in names:
        path = tmp_path / "d" / f"{name}.{ending}"
        path.parent.mkdir(exist_ok=True)
        if ending == "tar":
            write_tar(path, pair("1"))
        else:
            with open(path, "wb") as file:
                pq.write_table(pa.table({"original": [PNG[0]], "edited": [PNG[1]]}), file)
    source = open_source(tmp_path)
    found = everything(source)
    assert len({row.id for row in found}) == len(names)
    for row in found:
        assert isinstance(row, Pair)
        assert isinstance(row.edited, Encoded)
        assert source.picture(row.edited.key) == row.edited
        assert row.id.encode()
