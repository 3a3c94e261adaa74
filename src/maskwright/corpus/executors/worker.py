"""The other end of the local executor: a process that works tasks off until its input ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import struct
import sys
from typing import Any, BinaryIO

HEADER = struct.Struct("<Q")


def send(stream: BinaryIO, message: Any) -> None:
    """One message: its length in 8 bytes, then the pickle."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(HEADER.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> Any:
    """The next message.

    Raises:
        EOFError: the other side is gone.
    """
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(header)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return pickle.loads(data)


def serve() -> None:
    """Receive the function, then tasks; send notes and values. Ends when the input does."""
    # What the function prints must not reach the channel, nor may it eat tasks.
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # a parent that was killed ends us at the next note
    try:
        import cv2

        cv2.setNumThreads(1)
        work = receive(incoming)
        send(outgoing, ("ready", None))
        while True:
            task = receive(incoming)
            value = work(task, lambda note: send(outgoing, ("heard", note)))
            send(outgoing, ("finished", value))
    except EOFError:
        return
    except Exception as fault:
        send(outgoing, ("raised", _portable(fault)))
        sys.exit(1)


def _portable(fault: Exception) -> Exception:
    """The fault itself where it survives a pickle, else its words."""
    import traceback

    told = "".join(traceback.format_exception(fault))
    try:
        pickle.loads(pickle.dumps(fault))
    except Exception:
        fault = RuntimeError(f"{type(fault).__name__}: {fault}")
    fault.add_note(f"in a worker process:\n{told}")
    return fault
