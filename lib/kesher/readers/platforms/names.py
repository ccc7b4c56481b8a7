"""Words of the networks' exports: what a post's format, a source of visits and a page-level file are called."""

from __future__ import annotations

import re

from kesher.readers.platforms.shapes import plain

_KINDS = {  # what a format's name holds, and our code for it
    "reel": "reel", "short": "reel", "story": "story", "stories": "story", "live": "live", "carousel": "carousel",
    "album": "carousel", "multi": "carousel", "document": "document", "video": "video", "photo": "photo",
    "image": "photo", "picture": "photo", "foto": "photo", "link": "link", "article": "link", "status": "text",
    "text": "text", "estado": "text", "poll": "poll",
}  # fmt: skip
_NETWORKS = {
    "facebook": "facebook fb facebook.com m.facebook.com l.facebook.com lm.facebook.com business.facebook.com",
    "instagram": "instagram ig instagram.com l.instagram.com",
    "x": "x twitter t.co x.com twitter.com mobile.twitter.com", "linkedin": "linkedin linkedin.com lnkd.in",
    "youtube": "youtube youtube.com m.youtube.com", "tiktok": "tiktok tiktok.com",
    "pinterest": "pinterest pinterest.com", "whatsapp": "whatsapp whatsapp.com wa.me web.whatsapp.com l.wl.co",
    "telegram": "telegram t.me telegram.org org.telegram.messenger web.telegram.org", "reddit": "reddit reddit.com",
    "snapchat": "snapchat snapchat.com", "threads": "threads threads.net threads.com l.threads.net l.threads.com",
    "messenger": "messenger messenger.com", "discord": "discord discord.com",
}  # fmt: skip
_NETWORK_OF = {name: network for network, names in _NETWORKS.items() for name in names.split()}
_PAGE_METRICS = {
    "impressions": ("views", "impressions", "visualizaciones", "impresiones", "צפיות"),
    "interactions": ("content interactions", "interactions", "interacciones con el contenido", "interacciones"),
    "clicks": ("link clicks", "clics en el enlace"),
    "": ("reach", "viewers", "visits", "follows", "unfollows", "followers", "alcance", "visitas", "seguimientos"),
}
_OF_WHOM = re.compile(r"^(facebook|instagram|page|profile) |( de| en)? (facebook|instagram)$")


def kind_of(cell: str) -> str:
    """The format of a post in our words."""
    said = plain(cell)
    return next((code for word, code in _KINDS.items() if word in said), "other" if said else "")


def network_of(cell: str) -> str:
    """The network that a source of visits or a platform of advertisements is.

    >>> network_of("l.facebook.com / referral"), network_of("www.Instagram.com"), network_of("google")
    ('facebook', 'instagram', '')
    """
    said = plain(cell).partition(" / ")[0].strip().removeprefix("www.")
    return _NETWORK_OF.get(said, "")


def page_metric(line: str) -> str | None:
    """Which figure the line above a page-level table names, "" for one that is not used, None for an unknown one.

    >>> page_metric('"Facebook link clicks"'), page_metric("Reach"), page_metric("Stars")
    ('clicks', '', None)
    """
    said = _OF_WHOM.sub("", plain(line).strip('" '))
    return next((metric for metric, names in _PAGE_METRICS.items() if said in names), None)
