"""A worker process: it works tasks off until its input ends. Executors differ in who is at the other end."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import struct
import sys
import threading
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
    return pickle.loads(_receive(stream))


def _receive(stream: BinaryIO) -> bytes:
    header = stream.read(HEADER.size)
    if len(header) < HEADER.size:
        raise EOFError
    (length,) = HEADER.unpack(header)
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def serve() -> None:
    """Receive the function, then tasks; send notes and values. Ends when the input does."""
    # What the function prints must not reach the channel, nor may it eat tasks.
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    messages: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_collect, args=(incoming, messages), daemon=True).start()
    try:
        import cv2

        cv2.setNumThreads(1)
        work = pickle.loads(messages.get())
        send(outgoing, ("ready", None))
        while True:
            task = pickle.loads(messages.get())
            value = work(task, lambda note: send(outgoing, ("heard", note)))
            send(outgoing, ("finished", value))
    except Exception as fault:
        send(outgoing, ("raised", _portable(fault)))
        sys.exit(1)


def _collect(incoming: BinaryIO, messages: queue.SimpleQueue[bytes]) -> None:
    """Collect what comes in. Its end ends this process at once: whoever is told that a worker's
    other end is gone may give its task to another one."""
    with contextlib.suppress(EOFError):
        while True:
            messages.put(_receive(incoming))
    os._exit(0)


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
