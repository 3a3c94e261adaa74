"""What opening many files found out and no one of them says, so that each can be opened alone."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Known:
    """What all files of a table have in common.

    Args:
        root: the folder or URL that the files are in.
        columns: as `Reader.columns` has them, once all files have been looked at.
        members: those columns that are members of a tar; the others are from its JSON.
    """

    root: str
    columns: Mapping[str, tuple[str, pa.DataType]]
    members: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As what JSON holds; the types as an Arrow schema."""
        schema = pa.schema([(name, type_) for name, (_, type_) in self.columns.items()])
        return {
            "root": self.root,
            "kinds": [kind for kind, _ in self.columns.values()],
            "members": list(self.members),
            "arrow_schema": base64.b64encode(schema.serialize().to_pybytes()).decode(),
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Known:
        """What `to_json` gave."""
        schema = pa.ipc.read_schema(pa.py_buffer(base64.b64decode(record["arrow_schema"])))
        columns = {
            field.name: (kind, field.type) for field, kind in zip(schema, record["kinds"], strict=True)
        }
        return cls(record["root"], columns, tuple(record["members"]))
