"""The programme's account: incremental margin against cost, with scenarios of all that is uncertain."""

from kesher.loyalty.account.book import OFFERS, named
from kesher.loyalty.account.cannibalised import Cannibalised, cannibalised
from kesher.loyalty.account.inputs import Input
from kesher.loyalty.account.sharing import SharingStudy
from kesher.loyalty.account.sharing import study as sharing
from kesher.loyalty.account.study import Account, account
from kesher.loyalty.account.worth import Choice

__all__ = [
    "OFFERS",
    "Account",
    "Cannibalised",
    "Choice",
    "Input",
    "SharingStudy",
    "account",
    "cannibalised",
    "named",
    "sharing",
]
