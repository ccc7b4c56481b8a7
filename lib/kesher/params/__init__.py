"""Typed parameters of clients and workbooks, read from strict YAML, and where a client's files are."""

from kesher.params.explain import tables
from kesher.params.loading import Client, Overrides, load_client, open_client, parameters, read_overrides
from kesher.params.models import WORKBOOKS, ChannelSelection, ClientParameters, LikeMotivation, LoyaltyRoi, TablePath
from kesher.params.places import below, client_root, home

__all__ = [
    "WORKBOOKS",
    "ChannelSelection",
    "Client",
    "ClientParameters",
    "LikeMotivation",
    "LoyaltyRoi",
    "Overrides",
    "TablePath",
    "below",
    "client_root",
    "home",
    "load_client",
    "open_client",
    "parameters",
    "read_overrides",
    "tables",
]
