"""SIGMA on a backbone of transformers: the annotator `sigma` by the name that says it needs torch."""

from __future__ import annotations

from maskwright.masks.annotators.sigma import Sigma

__all__ = ["Sigma"]
