"""Pictures that are given as URLs, fetched whole: http and https by the standard library, others by fsspec.

Only what was allowed comes here. No scheme leads back to this machine's own files: neither `file://` nor
what fsspec would chain or unpack (`zip://...::file://...`), and a redirection goes to http or https alone.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import TypeVar

from maskwright.errors import InputError
from maskwright.pairs.values import REASONS

T = TypeVar("T")

WEB = frozenset({"http", "https"})

SCHEMES = WEB | {"abfs", "abfss", "az", "gcs", "gs", "hf", "memory", "oss", "s3", "s3a"}
"""Where sources and pictures may be, beside this machine; all but http and https by fsspec's packages."""

TIMEOUT_S, DEADLINE_S = 30, 120
"""Seconds without an answer, and for the whole picture."""

TRIES, PAUSE_S = 3, 0.5
"""How often a URL is asked for, and the first pause between; the second is twice as long."""

_CHUNK = 1 << 18
_SAFE = "%/:=&?~#+!$,;'@()*[]|"
"""What of a URL stays as it is; blanks and letters beyond ASCII are written as browsers do."""


def scheme_of(url: str) -> str:
    """The scheme of a URL that may be fetched; empty where it leads elsewhere.

    >>> scheme_of("HTTPS://example.org/a.png"), scheme_of("file:///etc/passwd")
    ('https', '')
    """
    scheme = url.partition("://")[0].lower()
    return scheme if scheme in SCHEMES and "::" not in url else ""


def fetch(url: str, name: str, limit: int) -> bytes:
    """The bytes behind a URL.

    Args:
        name: what to call it in a message.
        limit: bytes it may have.

    Raises:
        InputError: `reason` is remote_not_allowed (no such scheme), file_missing (no such picture, or
            we may not have it), too_large, remote_failed (no answer, or a broken one, `TRIES` times; or a
            package for the scheme is not installed).
    """
    scheme = scheme_of(url)
    if not scheme:
        raise _refused("remote_not_allowed", name, "only http, https and what fsspec reads at a distance are")
    by = _by_web if scheme in WEB else _by_fsspec
    return tried(
        lambda: by(url, name, limit),
        lambda error: isinstance(error, InputError) and error.reason == "remote_failed",
    )


def tried(ask: Callable[[], T], may_pass: Callable[[Exception], bool]) -> T:
    """What is answered; asked up to `TRIES` times while an error may pass. Raises the last one."""
    for left in range(TRIES - 1, -1, -1):
        try:
            return ask()
        except Exception as error:
            if not left or not may_pass(error):
                raise
        time.sleep(PAUSE_S * (TRIES - left))
    raise AssertionError("unreachable")


def _refused(reason: str, name: str, found: str) -> InputError:
    return InputError(f"{name}: {REASONS[reason]} ({found})", reason=reason)


def _by_web(url: str, name: str, limit: int) -> bytes:
    stop = time.monotonic() + DEADLINE_S
    chunks: list[bytes] = []
    held = 0
    try:
        request = urllib.request.Request(
            urllib.parse.quote(url, safe=_SAFE), headers={"User-Agent": "maskwright", "Accept": "image/*,*/*"}
        )
        with _web().open(request, timeout=TIMEOUT_S) as answer:
            said = answer.headers.get("Content-Length", "")
            expected = int(said) if said.isascii() and said.isdigit() else None
            if expected is not None and expected > limit:
                raise _refused("too_large", name, f"it has {expected} bytes")
            while chunk := answer.read(_CHUNK):
                held += len(chunk)
                chunks.append(chunk)
                if held > limit:
                    raise _refused("too_large", name, f"it has more than {limit} bytes")
                if time.monotonic() > stop:
                    raise _refused("remote_failed", name, f"not there within {DEADLINE_S} seconds")
    except urllib.error.HTTPError as error:
        error.close()
        lasting = 400 <= error.code < 500 and error.code not in (408, 425, 429)
        raise _refused(
            "file_missing" if lasting else "remote_failed", name, f"answered {error.code}"
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: no URL at all
        raise _refused("remote_failed", name, str(error)[:160] or type(error).__name__) from error
    if expected is not None and held < expected:
        raise _refused("remote_failed", name, f"{held} of {expected} bytes came")
    return b"".join(chunks)


def _web() -> urllib.request.OpenerDirector:
    """What `urllib.request.urlopen` uses, without files, FTP and data URLs."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _by_fsspec(url: str, name: str, limit: int) -> bytes:
    from maskwright.pairs.opening import words
    from maskwright.pairs.sources.remote import file_system

    try:
        system, path = file_system(url)
        with system.open(path, "rb") as file:
            data: bytes = file.read(limit + 1)
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise _refused("file_missing", name, words(error)) from error
    except Exception as error:  # every backend has errors of its own
        raise _refused("remote_failed", name, words(error)) from error
    if len(data) > limit:
        raise _refused("too_large", name, f"it has more than {limit} bytes")
    return data
