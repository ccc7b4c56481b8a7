"""The shapes of the networks' exports: which headers tell them, and what each column is to us."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, cast

from kesher.readers.text import header_key

Grain = Literal["posts", "days", "periods", "none"]
FIGURES = ("impressions", "reach", "total", "likes", "comments", "shares", "saves", "sent", "clicks", "followers",
           "spend", "leads", "results", "published", "paid", "value")  # fmt: skip

# A line per shape: code, network, grain, which of day and month stands first where the cells do not tell. Then its
# columns: what it is to us, * where the file must have it, and the headers it may have, the preferred one first; one
# that ends in ... is a beginning. The first shape that fits a row of headers wins.
_SHAPES = """
facebook_posts facebook posts month: id* = post id; mark* = page id | page name; day* = publish time; of = date; \
kind = post type; impressions = views | impressions; reach = reach; total = reactions, comments and shares; likes = \
reactions; comments = comments; shares = shares; clicks = link clicks | total clicks
instagram_posts instagram posts month: id* = post id; mark* = account id | account username; day* = publish \
time; of = date; kind = post type; impressions = views | impressions; reach = reach; likes = likes; \
comments = comments | replies; shares = shares; saves = saves; clicks = link clicks
facebook_insights facebook posts month: id* = post id; day* = posted | date; kind = type; impressions = lifetime post \
total impressions; reach = lifetime post total reach; likes = like; comments = comment; shares = share; clicks = \
lifetime post consumptions | \
lifetime matched audience targeting consumptions on post
facebook_undated facebook posts month: impressions* = lifetime post total impressions | impresiones totales de \
la publicacion de por vida; reach* = lifetime post total reach | alcance total de la publicacion de por vida; \
kind = type | tipo; total = total interactions | interacciones totales; likes = like | me gusta; comments = \
comment | comentario; shares = share | compartir; clicks = lifetime post consumptions | consumos de publicacion \
de por vida
facebook_live facebook posts month: id* = status id; day* = status published; kind = status type; likes* = num \
reactions; comments = num comments; shares = num shares
meta_page facebook days month: day* = date | fecha; value* = primary
meta_ads facebook periods month: id* = ad set id | ad set name | ad id | ad name | campaign id | campaign name; \
day* = reporting starts | day; end = reporting ends | day; spend* = amount spent | spend; impressions = \
impressions; reach = reach; clicks = link clicks | clicks (all); leads = leads; results = results; result_type = \
result type | result indicator; platform = platform | publisher platform
linkedin_days linkedin days month: mark* = engagement rate (total) | engagement rate (organic) | unique \
impressions (organic); day = date; impressions* = impressions (total) | impressions (organic); clicks = clicks \
(total) | clicks (organic); likes = reactions (total) | reactions (organic); comments = comments (total) | \
comments (organic); shares = reposts (total) | shares (total) | reposts (organic) | shares (organic)
linkedin_posts linkedin posts month: id* = post link | update link; day* = created date; kind = content type | \
post type | update type; impressions* = impressions; likes = likes | reactions; comments = comments; shares = \
reposts | shares; clicks = clicks
linkedin_visitors linkedin none month: day* = date; mark* = total page views (total) | overview page views \
(total)
linkedin_followers linkedin none month: day* = date; mark* = organic followers; more* = total followers
x_by_day x days day: day = date; mark* = tweets published; impressions* = impressions; published = tweets \
published; likes = likes; comments = replies; shares = retweets; clicks = url clicks; paid = promoted \
impressions
x_overview x days day: day* = date; mark* = new follows; more* = unfollows; impressions* = impressions; \
published = create post; likes = likes; comments = replies; shares = reposts; sent = shares; saves = bookmarks
x_tweets x posts day: id* = tweet id; day* = time; impressions* = impressions; likes = likes; comments = \
replies; shares = retweets; clicks = url clicks; paid = promoted impressions
x_posts x posts day: id* = post id; mark* = post link | post text; day* = date; impressions* = impressions; \
likes = likes; comments = replies; shares = reposts; sent = shares; saves = bookmarks; clicks = url clicks
tiktok_overview tiktok days day: day* = date | fecha; mark* = profile views | vistas de perfil | vistas del \
perfil | visualizaciones de perfil | visualizaciones del perfil | visitas al perfil; impressions* = video views \
| vistas de video | vistas de videos | visualizaciones de video | visualizaciones de videos | reproducciones de \
video; likes = likes | me gusta; comments = comments | comentarios; shares = shares | compartidos | veces \
compartido | contenido compartido
tiktok_followers tiktok days day: day* = date | fecha; followers* = followers | seguidores; mark* = difference \
in followers... | diferencia...
tiktok_viewers tiktok none day: day* = date | fecha; mark* = total viewers | total de espectadores | \
espectadores totales; more* = new viewers | espectadores nuevos | nuevos espectadores
tiktok_posts tiktok posts day: id* = video link | enlace de video | enlace del video; day* = post time | hora de \
publicacion; impressions* = total views | total de vistas | vistas totales; likes = total likes | total de me \
gusta; comments = total comments | total de comentarios; shares = total shares | total de veces compartido
youtube_videos youtube posts month: id* = content | video | contenido; mark* = watch time (hours) | tiempo de \
visualizacion (horas); day* = video publish time | hora de publicacion del video; impressions = impressions | \
views | impresiones | vistas | visualizaciones; likes = likes | me gusta; comments = comments added | comments | \
comentarios anadidos | comentarios; shares = shares | veces compartido
youtube_days youtube days month: day* = date | fecha; mark* = watch time (hours) | tiempo de visualizacion \
(horas); impressions = impressions | views | impresiones | vistas | visualizaciones; likes = likes | me gusta; \
comments = comments added | comments | comentarios anadidos | comentarios; shares = shares | veces compartido
ga4_sources - periods day: source* = session source | session source / medium | session manual source | session \
manual source / medium | first user source | first user source / medium; day = date; clicks* = sessions; leads = \
key events | conversions
ga4_channels - periods day: source* = session primary channel group... | session default channel group... | \
first user primary channel group...; day = date; clicks* = sessions; leads = key events | conversions
demographics linkedin none day: mark* = location | job function | seniority | industry | company size; more* = \
total views | total followers
demographics tiktok none day: mark* = gender | top territories | genero | principales territorios; more* = \
distribution | distribucion
demographics - none day: mark* = age & gender | age and gender | top cities | top towns/cities | top countries
"""

_CURRENCY = re.compile(r"(.+) \(([a-z]{3})\)\Z")


@dataclass(frozen=True)
class Shape:
    """One shape: ``columns`` gives the headers of each of our columns, ``needed`` the columns it is told by."""

    code: str
    network: str
    grain: Grain
    month_first: bool
    columns: dict[str, tuple[str, ...]]
    needed: frozenset[str]

    def places(self, names: Sequence[str]) -> dict[str, int] | None:
        """Where our columns stand in a row of plain headers, the first of a repeated one; None if it is another's."""
        found = {}
        for column, headers in self.columns.items():
            for header in headers:
                hits = (at for at, name in enumerate(names) if _says(name, header))
                if (at := next(hits, None)) is not None:
                    found[column] = at
                    break
            else:
                if column in self.needed:
                    return None
        return found if self.grain == "none" or found.keys() & set(FIGURES) else None


def _says(name: str, header: str) -> bool:
    if header.endswith("..."):
        return name.startswith(header[:-3])
    return name == header or bool((found := _CURRENCY.match(name)) and found[1] == header)


def currency_of(header: str) -> str | None:
    """The currency a header ends in.

    >>> currency_of("Amount spent (PHP)"), currency_of("Amount spent")
    ('PHP', None)
    """
    found = _CURRENCY.match(plain(header))
    return found[2].upper() if found else None


def plain(name: str) -> str:
    """A header as it is compared: without differences of case, marks and accents.

    >>> plain(" Me gusta totales de la página ")
    'me gusta totales de la pagina'
    """
    said = unicodedata.normalize("NFKD", header_key(name))
    return "".join(sign for sign in said if not unicodedata.combining(sign))


def recognise(row: Sequence[str]) -> tuple[Shape, dict[str, int]] | None:
    """The shape a row of cells is the header of, and where our columns stand in it; None if it is none.

    >>> recognise(["Date", "Video Views", "Profile Views", "Likes"])[0].code
    'tiktok_overview'
    """
    names = [plain(cell) if len(cell) < 200 else "" for cell in row]
    for shape in SHAPES:
        if (places := shape.places(names)) is not None:
            return shape, places
    return None


def _shape(line: str) -> Shape:
    first, _, rest = line.partition(": ")
    code, network, grain, order = first.split()
    said = [column.split(" = ") for column in rest.split("; ")]
    columns = {name.rstrip("*"): tuple(map(str.strip, headers.split(" | "))) for name, headers in said}
    needed = frozenset(name[:-1] for name, _ in said if name.endswith("*"))
    return Shape(code, network.strip("-"), cast(Grain, grain), order == "month", columns, needed)


SHAPES = tuple(map(_shape, _SHAPES.strip().splitlines()))
