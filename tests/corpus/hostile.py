"""Hostile pictures, names and places, and what a command does to the folder they are in."""

from __future__ import annotations

import os
import stat
import struct
import subprocess
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from tests.corpus.made import edited, photograph, png

BEFORE, AFTER = png(photograph(3)), png(edited(photograph(3)))

WORDS = {
    "slashes": "../../victim/planted",
    "an absolute path": "/victim/planted",
    "backslashes": "..\\..\\victim",
    "quotes": 'it\'s "so"; drop table x --',
    "line breaks": "two\nlines\r\nthree",
    "an escape": "\x1b[31mred\x1b[0m\x1b]0;title\x07",
    "a bell and a delete": "\x07\x7f\x9b31m",
    "a turned word": "\u202egnp.exe",
    "a leading dash": "-rf",
    "a shell": "$(touch victim/planted) `id`",
    "markup": "<script>alert(1)</script>[bold]x[/bold]",
}
"""What ids, names, cells and instructions of strangers hold."""


def chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_bomb(side: int = 30_000) -> bytes:
    """A black-and-white PNG of 900 million pixels in 110 KB, every one of them there."""
    packed = zlib.compress(bytes((1 + -(-side // 8)) * side))
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def png_with_a_bomb_in_its_profile() -> bytes:
    """A small PNG whose colour profile unpacks to 300 MB."""
    packer = zlib.compressobj(1)
    packed = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(300)), packer.flush()])
    end = BEFORE.index(b"IHDR") + 4 + 13 + 4
    return BEFORE[:end] + chunk(b"iCCP", b"bomb\0\0" + packed) + BEFORE[end:]


def webp_bomb(side: int = 16_383) -> bytes:
    """A lossless WebP of one colour: five codes of one symbol each, so that no pixel takes a bit."""
    bits = (side - 1) | (side - 1) << 14  # no alpha, version 0
    payload, place = bits, 32
    place += 3  # no transform, no cache of colours, no groups of codes
    for _ in range(5):
        payload |= 1 << place  # a simple code of one symbol, written in one bit: 0
        place += 4
    data = b"\x2f" + payload.to_bytes(-(-place // 8) + 1, "little")
    data += bytes(len(data) % 2)
    body = b"WEBPVP8L" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tiff_bomb(side: int = 60_000) -> bytes:
    """A TIFF of 3.6 gigapixels in one strip of packed zeros."""
    strip = zlib.compress(bytes(1 << 20))
    tags = [
        (256, 4, side),
        (257, 4, side),
        (258, 3, 8),
        (259, 3, 8),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, side),
        (279, 4, len(strip)),
    ]
    place = 8 + len(strip) + len(strip) % 2
    directory = struct.pack("<H", len(tags))
    for tag, kind, value in tags:
        directory += struct.pack("<HHII", tag, kind, 1, value)
    return (struct.pack("<2sHI", b"II", 42, place) + strip).ljust(place, b"\0") + directory + bytes(4)


BOMBS = {
    "a PNG": (png_bomb, "too_large"),
    "a WebP": (webp_bomb, "too_large"),
    "a TIFF": (tiff_bomb, "too_large"),
    "a PNG with a bomb in its profile": (png_with_a_bomb_in_its_profile, "truncated"),
}
"""Pictures that would decompress to gigabytes -> the reason they are refused with."""


@dataclass(frozen=True)
class World:
    """A folder with a source, somebody else's files beside it, and all places a process may write to."""

    root: Path

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def victim(self) -> Path:
        return self.root / "victim"

    @property
    def out(self) -> Path:
        return self.root / "out"

    def listing(self) -> dict[str, tuple[object, ...]]:
        """All there is but OUT: kind, size, time of change, where a link leads to."""
        found = {}
        for place, folders, names in os.walk(self.root):
            if Path(place) == self.root:
                folders[:] = [name for name in folders if name != "out"]
            for name in [*folders, *names]:
                path = Path(place, name)
                state = path.lstat()
                target = os.readlink(path) if stat.S_ISLNK(state.st_mode) else ""
                found[str(path.relative_to(self.root))] = (
                    *(state.st_mode, state.st_size, state.st_mtime_ns),
                    target,
                )
        return found

    def run(self, *words: object) -> tuple[int, str]:
        """Exit code and all that `maskwright` prints, in an environment that lies in this folder."""
        places = {"HOME": "home", "TMPDIR": "tmp", "XDG_CACHE_HOME": "home", "XDG_CONFIG_HOME": "home"}
        done = subprocess.run(
            [sys.executable, "-m", "maskwright", *map(str, words)],
            env={**os.environ, **{name: str(self.root / place) for name, place in places.items()}},
            cwd=self.root / "work",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        return done.returncode, done.stdout.decode()


def make_world(root: Path) -> World:
    for name in ("source", "victim", "work", "home", "tmp"):
        (root / name).mkdir(parents=True)
    (root / "victim" / "secret.png").write_bytes(AFTER)
    return World(root)
