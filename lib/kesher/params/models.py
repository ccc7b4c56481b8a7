"""The workbooks there are, and the model of each one's parameters."""

from __future__ import annotations

from kesher.params.channel_selection import ChannelSelection
from kesher.params.client import ClientParameters, TablePath
from kesher.params.like_motivation import LikeMotivation
from kesher.params.loyalty_roi import LoyaltyRoi

WORKBOOKS: dict[str, type[ClientParameters]] = {
    "like_motivation": LikeMotivation,
    "loyalty_roi": LoyaltyRoi,
    "channel_selection": ChannelSelection,
}
"""The name of each notebook, and the model of its parameters."""

__all__ = ["WORKBOOKS", "ChannelSelection", "ClientParameters", "LikeMotivation", "LoyaltyRoi", "TablePath"]
