"""An inspection as one JSON object."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

from maskwright.corpus.inspect.values import Inspection


def inspection_json(inspection: Inspection) -> dict[str, Any]:
    """The keys are the names of the values; pictures are not in it.

    Of the sampled pairs that is all but their thumbnails; what is not a number is NaN, which is for the
    writer to turn into null.
    """
    content = {
        field.name: getattr(inspection, field.name) for field in fields(inspection) if field.name != "sheet"
    }
    return {
        "mistakes": len(inspection.mistakes),
        "suspicions": len(inspection.suspicions),
        **{name: _plain(value) for name, value in content.items()},
    }


def _plain(value: Any) -> Any:
    """Dataclasses, also inside tuples, as dicts."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
