"""Walking a tar: quick headers are the standard library's, damage has an end, memory stays flat."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from maskwright.errors import InputError
from maskwright.pairs.sources import open_source
from maskwright.pairs.sources.tarred import TarCut, _plain_header, members
from maskwright.pairs.values import Pair, Rejection
from tests.contracts.source import everything
from tests.pairs.tables import PNG
from tests.pairs.test_sources_webdataset import HOSTILE, entry, pair, sample, write_tar

FUZZ = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
TYPES = st.sampled_from([b"0", b"\0", b"5", b"2", b"L", b"x", b"7", b"S"])
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=90)


@st.composite
def headers(draw: st.DrawFn) -> bytes:
    """A block with a header, some with a byte changed and the checksum made right again or not."""
    info = tarfile.TarInfo(draw(NAMES))
    info.size, info.type = draw(st.integers(0, 2**40)), draw(TYPES)
    info.mtime, info.mode = draw(st.integers(0, 2**31)), draw(st.integers(0, 0o777))
    format = draw(st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT]))
    try:
        block = bytearray(info.tobuf(format)[-512:])
    except ValueError:  # ustar has no room for it
        block = bytearray(tarfile.TarInfo("x").tobuf(format))
    if draw(st.booleans()):
        block[draw(st.integers(0, 511))] = draw(st.integers(0, 255))
        if draw(st.booleans()):
            block[148:156] = b"%06o\0 " % tarfile.calc_chksums(bytes(block))[0]
    return bytes(block)


@FUZZ
@given(headers())
def test_a_quick_header_is_the_one_of_the_standard_library(block: bytes) -> None:
    quick = _plain_header(block)
    try:
        slow = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError:  # a date or an owner that is no number is nothing to us
        return
    if quick is not None:
        assert (quick.name, quick.size, quick.type) == (slow.name, slow.size, slow.type)


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_plain_members_have_quick_headers(format: int) -> None:
    info = tarfile.TarInfo("a/1.original.jpg")
    info.size = 12_345
    assert _plain_header(info.tobuf(format)) is not None


@st.composite
def tars(draw: st.DrawFn) -> bytes:
    """A tar of whole, torn and hostile samples, whole or with bytes changed or cut off."""
    held = io.BytesIO()
    format = draw(st.sampled_from([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
    odd = [entry("README"), entry("d", type=tarfile.DIRTYPE), *(member for member, _ in HOSTILE.values())]
    with tarfile.open(fileobj=held, mode="w", format=format) as tar:
        for i in range(draw(st.integers(0, 4))):
            found = draw(
                st.sampled_from(
                    [
                        pair(f"d/{i}"),
                        sample(f"{i}", original__png=PNG[0], json='{"n": 1}'),
                        *([one] for one in odd),
                    ]
                )
            )
            for info, data in found:
                tar.addfile(info, io.BytesIO(data))
    data = bytearray(held.getvalue())
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        if draw(st.integers(0, 2)):
            data[place : place + 3] = draw(st.binary(max_size=3))
        else:
            del data[place:]
    return bytes(data)


@FUZZ
@given(tars())
def test_any_tar_is_accounted_for(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "t.tar").write_bytes(data)
    try:
        source = open_source(tmp_path / "t.tar")
    except InputError:
        return
    rows = everything(source)
    assert len(rows) == source.rows()
    assert all(isinstance(row, Pair | Rejection) for row in rows)
    for row in rows:
        for side in (row.original, row.edited) if isinstance(row, Pair) else ():
            assert source.picture(side.key) == side  # type: ignore[union-attr]


def test_every_member_begins_behind_the_one_before_it(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "t.tar", pair("a"), [entry("n" * 300 + ".original.png", PNG[0])], pair("b"))
    with open(path, "rb") as file:
        length = path.stat().st_size
        found = list(members(file, 0, length))
        for i, member in enumerate(found):
            assert list(members(file, member.start, length)) == found[i:]
            file.seek(member.offset)
            assert file.read(member.size) in PNG
        with pytest.raises(TarCut, match="where one should be"):
            list(members(file, found[0].offset, length))


def test_a_sparse_file_of_many_pieces_costs_its_row_only(tmp_path: Path) -> None:
    """GNU tar writes the map of a file with more than four holes into blocks of its own."""
    (tmp_path / "in").mkdir()
    for key in ("a", "b", "c"):
        for field, data in (("original.png", PNG[0]), ("edited.png", PNG[1])):
            (tmp_path / "in" / f"{key}.{field}").write_bytes(data)
    with open(tmp_path / "in" / "b.edited.png", "wb") as file:
        for i in range(60):
            file.seek(i << 20)
            file.write(b"x" * 4096)
    names = [f"{key}.{field}" for key in "abc" for field in ("original.png", "edited.png")]
    command = [
        "tar",
        "--format=gnu",
        "--sparse",
        "-cf",
        str(tmp_path / "t.tar"),
        "-C",
        str(tmp_path / "in"),
        *names,
    ]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("there is no GNU tar here")
    rows = everything(open_source(tmp_path / "t.tar"))
    assert [row.reason if isinstance(row, Rejection) else "" for row in rows] == ["", "bad_row", ""]


PEAK = """
import resource, sys
from maskwright.pairs.sources import open_source
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
source = open_source(sys.argv[1])
rows = sum(1 for part in source.plan() for _ in source.read(part))
print(rows, peak() - before)
"""


@pytest.mark.parametrize("rows", [20, 400])
def test_memory_does_not_grow_with_the_shard(rows: int, tmp_path: Path) -> None:
    data = bytes(200_000)
    write_tar(
        tmp_path / "t.tar", *[sample(str(i), original__png=data, edited__png=data) for i in range(rows)]
    )
    command = [sys.executable, "-c", PEAK, str(tmp_path / "t.tar")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    read, grown_mb = map(int, done.stdout.split())
    assert read == rows
    assert grown_mb < 30, "of 8 or 160 MB that the shard holds; modules loaded on the way count too"
