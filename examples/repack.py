"""Pack pairs for moving and sharing: Parquet with the pictures inside, and WebDataset tars.

python examples/repack.py pairs.csv packed

writes packed/parquet/ and packed/webdataset/, each with the same rows in the same order. Files of pictures
are copied byte for byte. maskwright reads both: `maskwright annotate packed/webdataset out`.
"""

import argparse
import io
import json
import tarfile
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from maskwright import InputError, Pair
from maskwright.pairs.opening import read_bytes
from maskwright.pairs.sources import Source, open_source
from maskwright.pairs.values import Encoded, Located

PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TEXT = "instruction"

Row = dict[str, Any]


def rows_of(source: Source) -> Iterator[Row]:
    """Every row: pictures as {bytes, path}, the instruction, and the source's own columns as they are."""
    for part in source.plan():
        for pair in source.read(part):
            row: Row = dict(pair.columns)
            if isinstance(pair, Pair):
                row |= {name: picture_of(getattr(pair, name)) for name in roles(source)}
                row[TEXT] = pair.instruction
            yield row


def roles(source: Source) -> list[str]:
    """Which pictures a row has: original, edited, and mask where the source has any."""
    return [chosen.role for chosen in source.reading().chosen if chosen.role != TEXT]


def picture_of(picture: object) -> Row | None:
    """A picture file that is not decoded; a file that is not there leaves its place empty."""
    if not isinstance(picture, Located | Encoded):
        return None
    try:
        return {"bytes": read_bytes(picture), "path": picture.key}
    except InputError:
        return None


def write_parquet(source: Source, folder: Path, *, files: int = 3, group_rows: int = 20) -> None:
    """Parquet files of `group_rows` rows a row group, in the columns' own types."""
    pictures = roles(source)
    own = [field for field in source.schema() if field.name not in (*pictures, TEXT)]
    schema = pa.schema([*((name, PICTURE) for name in pictures), (TEXT, pa.string()), *own])
    folder.mkdir(parents=True)
    for number, rows in enumerate(shares(source, files)):
        with pq.ParquetWriter(folder / f"pairs-{number:05d}.parquet", schema, compression="none") as file:
            while group := list(islice(rows, group_rows)):
                file.write_table(pa.Table.from_pylist(group, schema))


def write_tars(source: Source, folder: Path, *, files: int = 3) -> None:
    """WebDataset tars: `000007.original.jpg`, `000007.edited.png`, `000007.json` are row 7."""
    folder.mkdir(parents=True)
    key = 0
    for number, rows in enumerate(shares(source, files)):
        with tarfile.open(folder / f"pairs-{number:05d}.tar", "w") as tar:
            for row in rows:
                for name in roles(source):
                    if picture := row.pop(name, None):
                        ending = PurePosixPath(picture["path"]).suffix or ".jpg"
                        add(tar, f"{key:06d}.{name}{ending}", picture["bytes"])
                add(tar, f"{key:06d}.json", json.dumps(row, ensure_ascii=False, default=str).encode())
                key += 1


def add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def shares(source: Source, files: int) -> Iterator[Iterator[Row]]:
    """The rows cut into as many runs of equal length, to be taken one after the other."""
    each = -(-source.rows() // files)
    with closing(rows_of(source)) as rows:  # type: ignore[type-var]
        for first in range(0, source.rows(), each):
            yield islice(rows, min(each, source.rows() - first))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="anything that maskwright annotates")
    parser.add_argument("out", type=Path)
    parser.add_argument("--files", type=int, default=3)
    words = parser.parse_args()
    source = open_source(words.source)
    write_parquet(source, words.out / "parquet", files=words.files)
    write_tars(source, words.out / "webdataset", files=words.files)
    print(f"{source.rows()} rows, {words.files} files each, in {words.out}")


if __name__ == "__main__":
    main()
