"""The one way an id becomes a file name."""

from __future__ import annotations

import hashlib
import re

PREFIX_BYTES = 100
DIGEST_DIGITS = 16

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")


def file_name(pair_id: str) -> str:
    """A name for files about a pair, without an extension: readable start, then a digest.

    Letters, digits, `_` and `-` only, at most 116 bytes, never beginning with `-`; so it holds on
    every file system, cannot leave its folder and is no device name of Windows. Ids that differ,
    also only in case, have names that differ in the digest: 16 hex digits of sha256 (a chance of
    3 in 10^8 that any two of a million ids share one).

    >>> file_name("../a b.jpg")
    '___a_b_jpg-e5a2a7a0a436168c'
    """
    digest = hashlib.sha256(pair_id.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_DIGITS]
    prefix = _UNSAFE.sub("_", pair_id[:PREFIX_BYTES])[: PREFIX_BYTES - 1]
    if prefix.startswith("-"):
        prefix = "_" + prefix[1:]
    return f"{prefix}-{digest}"
