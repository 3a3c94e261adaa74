"""Just enough of the ONNX file format to see whether weights lie in other files, and to look inside a graph.

onnxruntime would open those files by names the network chooses. The walk needs no `onnx`
package and skips the weights themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from maskwright.errors import InputError

PARTS: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
"""Field numbers by which tensors can be reached, from onnx.proto3 (IR version 13)."""
EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of a tensor: where its bytes lie; and whether they lie elsewhere (1) or here (0)."""
GRAPH, NODE, NODE_OUTPUT, GRAPH_OUTPUT, VALUE_NAME = 7, 1, 2, 12, 1
"""Fields: a model's graph, its nodes, the tensors a node gives, what the graph gives, the name of such."""


def has_external_data(data: bytes, name: str) -> bool:
    """Whether any tensor of an ONNX file has its bytes in another file.

    Raises:
        InputError: the bytes are no ONNX file; `name` is what the message calls it.
    """
    waiting = [("model", memoryview(data))]
    found_graph = False
    try:
        while waiting:
            kind, message = waiting.pop()
            found_graph |= kind == "graph"
            for number, value in _fields(message):
                if kind == "tensor" and (number == EXTERNAL_DATA or (number == DATA_LOCATION and value == 1)):
                    return True
                part = PARTS[kind].get(number)
                if part is not None and isinstance(value, memoryview):
                    waiting.append((part, value))
    except IndexError as error:
        raise InputError(f"{name} is no ONNX file, or a damaged one") from error
    if not found_graph:
        raise InputError(f"{name} is no ONNX file: it holds no graph")
    return False


def inner_tensors(data: bytes) -> list[str]:
    """Names of the tensors that the nodes of an ONNX file give, in the file's order.

    Args:
        data: of a file that `has_external_data` could read.
    """
    graphs = [value for number, value in _fields(memoryview(data)) if number == GRAPH]
    nodes = [node for graph in graphs for number, node in _parts(graph) if number == NODE]
    return [
        bytes(value).decode("utf-8", "replace")
        for node in nodes
        for number, value in _parts(node)
        if number == NODE_OUTPUT
    ]


def with_outputs(data: bytes, names: Sequence[str]) -> bytes:
    """An ONNX file that gives some of its inner tensors, too, after what it gave before.

    A second graph is written behind the first: protobuf merges the two when it reads them, so that
    nothing of the file need be moved. Types and shapes are left for onnxruntime to infer.
    """
    values = b"".join(_message(GRAPH_OUTPUT, _message(VALUE_NAME, name.encode())) for name in names)
    return data + _message(GRAPH, values)


def _parts(message: int | memoryview) -> Iterator[tuple[int, memoryview]]:
    if isinstance(message, memoryview):
        yield from ((number, value) for number, value in _fields(message) if isinstance(value, memoryview))


def _message(number: int, content: bytes) -> bytes:
    """A field of text or of a message, encoded."""
    return bytes([number << 3 | 2]) + _coded(len(content)) + content


def _coded(value: int) -> bytes:
    code = bytearray()
    while value > 0x7F:
        code.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*code, value])


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field numbers with their value: an integer, or the bytes of text, packed numbers and messages."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        wire = tag & 7
        if wire == 0:
            value, place = _varint(message, place)
            yield tag >> 3, value
            continue
        if wire == 2:
            size, place = _varint(message, place)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise IndexError("a wire type that no protobuf has")
        if place + size > len(message):
            raise IndexError("a field that reaches past the end")
        yield tag >> 3, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise IndexError("a number of more than ten bytes")
