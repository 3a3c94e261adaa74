"""What training makes small: cross entropy and Dice, a mean over samples, without ignored places."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

DICE_WEIGHT = 0.5
"""Beside cross entropy; the prototype's (design.md, section 7)."""
UNEDITED_WEIGHT = 5.0
"""Of pairs: a sample without an edit costs this times its marked share in place of Dice. Our choice."""
SMOOTH = 1.0
"""Places added above and below in Dice, so that one place more or less of a tiny edit is not everything."""


def mask_loss(odds: Tensor, mask: Tensor, ignore: Tensor, *, unedited: float = UNEDITED_WEIGHT) -> Tensor:
    """The loss of a batch, one number.

    Args:
        odds: (N, 1, h, w) float, log odds of an edit.
        mask: (N, 1, h, w) float, edited share of each place, 0 to 1.
        ignore: (N, 1, h, w) float, share of each place that counts for nobody.
        unedited: times its marked share a sample without an edit costs in place of Dice.

    Returns:
        A mean over samples of cross entropy (a mean over what counts) + 0.5 * (1 - soft Dice);
        in place of Dice `unedited` times the marked share where nothing is edited. A sample of which
        nothing counts costs 0.
    """
    counted = 1 - ignore
    odds = odds.float()
    weight = counted.sum((1, 2, 3)).clamp(min=1)
    entropy = functional.binary_cross_entropy_with_logits(odds, mask, weight=counted, reduction="none")
    claimed = odds.sigmoid() * counted
    real = mask * counted
    hit, both = (claimed * mask).sum((1, 2, 3)), claimed.sum((1, 2, 3)) + real.sum((1, 2, 3))
    dice = 1 - (2 * hit + SMOOTH) / (both + SMOOTH)
    marked = unedited * claimed.sum((1, 2, 3)) / weight
    region = (real.sum((1, 2, 3)) > 0).float()
    each = entropy.sum((1, 2, 3)) / weight + DICE_WEIGHT * (region * dice + (1 - region) * marked)
    return each.mean()


def detector_loss(odds: Tensor, mask: Tensor, ignore: Tensor) -> Tensor:
    """`mask_loss` where what is marked in a sample without an edit costs its cross entropy alone: one picture
    often leaves it open whether it was edited, and a heavier price teaches to mark nothing."""
    return mask_loss(odds, mask, ignore, unedited=0.0)
