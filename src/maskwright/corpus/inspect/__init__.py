"""How a source will be read and which silent mistakes it holds, before any work is done on it.

for row in source        -> counted (listing)
a sample of pairs        -> decoded, aligned, annotated (look)
what was seen            -> findings (checks)
"""

from maskwright.corpus.inspect.inspection import inspect
from maskwright.corpus.inspect.values import Finding, Inspection

__all__ = ["Finding", "Inspection", "inspect"]
