"""The published figures and the claims as stored: whole, in range, sourced, equal to their check values."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

DATA = Path(__file__).parents[1] / "data"
COLUMNS = ["study", "item", "group", "value", "n", "base", "form", "wording", "year", "country", "source", "rank"]
STUDIES = sorted(path for path in (DATA / "published").glob("*.csv") if path.name != "labels.csv")
Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shares(study: str, group: str) -> dict[str, float]:
    table = rows(DATA / "published" / f"{study}.csv")
    return {row["item"]: float(row["value"]) for row in table if row["group"] == group}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_every_row_is_whole(path: Path) -> None:
    table = rows(path)
    assert list(table[0])[: len(COLUMNS)] == COLUMNS
    assert list(table[0])[len(COLUMNS) :] in ([], ["unit"])
    keys = [(row["group"], row["item"]) for row in table]
    assert len(keys) == len(set(keys))
    for row in table:
        assert row["study"] == path.stem
        assert re.fullmatch(r"[a-z0-9_]+", row["item"])
        assert re.fullmatch(r"[a-z0-9_]+", row["group"])
        assert row["source"]
        assert row["base"]
        assert row["wording"]
        assert row["form"] in ("multi", "single", "scale", "")
        assert row["country"] in ("", "WW") or all(re.fullmatch("[A-Z]{2}", c) for c in row["country"].split())
        assert row["year"] == "" or 2000 <= int(row["year"]) <= 2026
        assert row["n"] == "" or int(row["n"]) > 0
        if row.get("unit", "share") == "share":
            with_itself = path.stem.endswith("_overlap") and row["item"] == row["group"]
            assert float(row["value"]) == 1 if with_itself else 0 < float(row["value"]) < 1
        else:
            assert row["unit"] == "count"
            assert float(row["value"]) > 0


def test_every_item_has_a_label_in_both_languages_and_no_label_is_left_over() -> None:
    labels = {(row["study"], row["item"]): row for row in rows(DATA / "published" / "labels.csv")}
    items = {(row["study"], row["item"]) for path in STUDIES for row in rows(path)}
    assert labels.keys() == items
    for row in labels.values():
        assert re.search("[A-Za-z]", row["label_en"])
        assert re.search("[א-ת]", row["label_he"])
        assert not re.search("[א-ת]", row["label_en"])


@pytest.mark.parametrize(
    ("study", "group", "total"),
    [
        ("clickfox_2012", "consumers", 1.00),
        ("cmo_council_2011_response_time", "consumers", 1.00),
        ("getsatisfaction_2011", "facebook", 0.98),
        ("getsatisfaction_2011", "twitter", 1.01),
        ("exacttarget_2011_permission", "bookmarking", 1.00),
        ("ibm_2011", "consumers", 12 * 0.4417),
        ("ibm_2011", "businesses", 12 * 0.65),
    ],
)
def test_totals(study: str, group: str, total: float) -> None:
    assert sum(shares(study, group).values()) == pytest.approx(total, abs=0.0005)


def test_colloquy_ratios_and_growth() -> None:
    table = {(row["group"], row["item"]): float(row["value"]) for row in rows(DATA / "published" / "colloquy.csv")}
    published = {2007: 39.2, 2009: 44.0, 2011: 45.7, 2013: 43.4}
    for census, active in published.items():
        key = f"census_{census}"
        assert 100 * table[key, "active_per_household"] / table[key, "per_household"] == pytest.approx(active, abs=0.05)
    memberships = {census: table[f"census_{census}", "memberships"] for census in (2009, 2011, 2013)}
    assert memberships[2011] / memberships[2009] - 1 == pytest.approx(0.163, abs=0.0005)
    assert memberships[2013] / memberships[2011] - 1 == pytest.approx(0.267, abs=0.0005)
    assert memberships[2011] / table["census_2011", "per_household"] == pytest.approx(113.5e6, abs=0.1e6)


def test_known_copying_errors_are_not_here() -> None:
    assert shares("syncapse_2013", "fans")["contests"] == 0.35  # a reprint has 31, the row below
    assert shares("exacttarget_2011_permission", "bookmarking")["never"] == 0.48
    assert "exclusive_offers" not in shares("cmo_council_2011", "consumers")  # an expectation, not a reason
    assert "want_to_be_heard" not in shares("cmo_council_2011", "consumers")  # the consumers' share is not known


def test_cmo_council_gaps() -> None:
    consumers, marketers = shares("cmo_council_2011", "consumers"), shares("cmo_council_2011", "marketers")
    gaps = {item: round(100 * (marketers[item] - consumers[item])) for item in consumers}
    assert gaps == {
        "loyal_customer": -25,
        "track_news": -6,
        "incentives_rewards": -13,
        "savings_events": -16,
        "content_agreeable": 27,
    }


def test_ibm_and_exacttarget_orders() -> None:
    from scipy.stats import kendalltau, spearmanr

    table = rows(DATA / "published" / "ibm_2011.csv")
    ranks = {group: [int(r["rank"]) for r in table if r["group"] == group] for group in ("consumers", "businesses")}
    assert sorted(ranks["consumers"]) == sorted(ranks["businesses"]) == list(range(1, 13))
    assert spearmanr(ranks["consumers"], ranks["businesses"]).statistic == pytest.approx(-0.0070, abs=5e-5)
    assert kendalltau(ranks["consumers"], ranks["businesses"]).statistic == pytest.approx(0.0303, abs=5e-5)
    consumers, businesses = shares("ibm_2011", "consumers"), shares("ibm_2011", "businesses")
    assert kendalltau(list(consumers.values()), list(businesses.values())).statistic == pytest.approx(0.0625, abs=5e-5)
    facebook, twitter = shares("exacttarget_2010", "facebook"), shares("exacttarget_2010", "twitter")
    assert (len(facebook), len(twitter)) == (12, 13)
    pair = list(facebook.values()), [twitter[item] for item in facebook]
    assert kendalltau(*pair).statistic == pytest.approx(0.5116, abs=5e-5)
    assert spearmanr(*pair).statistic == pytest.approx(0.6591, abs=5e-5)


def test_the_networks_of_pew_and_of_israel() -> None:
    reach = shares("pew_2019", "adults")
    assert sum(reach.values()) == pytest.approx(3.11)
    table = rows(DATA / "published" / "pew_2019_overlap.csv")
    cells = {(row["group"], row["item"]): float(row["value"]) for row in table}
    assert cells.keys() == {(one, other) for one in reach for other in reach}
    assert cells["x", "instagram"] == 0.71 and cells["instagram", "x"] == 0.43  # of the row's users
    for (one, other), share in cells.items():  # rounded in both directions, they tell of the same people
        assert abs(reach[one] * share - reach[other] * cells[other, one]) < 0.01
    polls = {study: rows(DATA / "published" / f"{study}.csv") for study in ("isoc_il_2022", "isoc_il_2023")}
    said = {study: next(row for row in table if row["item"] == "facebook") for study, table in polls.items()}
    assert [row["value"] for row in said.values()] == ["0.78", "0.90"]
    for column in ("wording", "source", "base"):  # another poll and another question: no growth to be read off
        assert said["isoc_il_2022"][column] != said["isoc_il_2023"][column]
    assert {row["n"] for row in polls["isoc_il_2023"]} == {"1040"}
    daily = shares("isoc_il_2023_daily", "surveyed")
    assert all(share < shares("isoc_il_2023", "surveyed")[item] for item, share in daily.items())


UNSOURCED = ("S0-4", "S0-10", "S4-49", "S4-50", "S4-51")  # figures whose source was not found: shown, never used


def test_claims_are_whole_and_agree_with_the_published_tables() -> None:
    claims = rows(DATA / "claims.csv")
    assert len({row["id"] for row in claims}) == len(claims)
    for row in claims:
        assert re.fullmatch(r"S[0-4]-\d+", row["source_item"])
        assert row["id"].startswith((row["source_item"], "E-"))
        assert row["grade"] in tuple("ABCD")
        if row["id"] not in UNSOURCED:
            assert (row["value"] == "") == (row["grade"] == "D"), "a figure has a source, and a statement has none"
            assert (row["found_source"] == "none") == (row["grade"] == "D")
        assert row["unit"] in ("share", "pp", "count", "tau", "ratio", "months")
        assert row["comparable"] in ("yes", "different_base", "different_question")
        assert row["interest"] in ("vendor", "unknown", "independent")
        assert re.fullmatch(r"[a-z_]+(\.[a-z0-9_]+)+", row["number_id"])
        assert row["unit"] != "share" or row["value"] == "" or 0 < float(row["value"]) < 1
        for text in ("text", "comment"):
            assert bool(row[f"{text}_en"]) == bool(re.search("[א-ת]", row[f"{text}_he"]))
        assert row["text_en"] and row["base"] and re.search("[א-ת]", row["base_he"])
    figures = {row["id"]: row for row in claims}
    consumers, marketers = shares("cmo_council_2011", "consumers"), shares("cmo_council_2011", "marketers")
    assert float(figures["S2-3a"]["value"]) == marketers["content_agreeable"]
    assert float(figures["S2-3b"]["value"]) == consumers["loyal_customer"]
    assert float(figures["S2-22c"]["value"]) == consumers["savings_events"]
    assert float(figures["S2-17a"]["value"]) == shares("clickfox_2012", "consumers")["service_24_7"]
    assert figures["S2-5"]["comparable"] == "different_base"  # a household is not a person


def test_the_readers_take_every_share_table_and_every_figure() -> None:
    from kesher.readers import read_published
    from kesher.readers.claims import read_claims

    for path in STUDIES:
        table = rows(path)
        if all(row.get("unit", "share") == "share" for row in table):
            for group in {row["group"] for row in table}:
                found = read_published(path.stem, group).items
                assert dict(zip(found["item"], found["share"], strict=True)) == shares(path.stem, group)
    assert len(read_claims(country="IL")) == sum(row["value"] != "" for row in rows(DATA / "claims.csv"))
    assert read_claims(country="IL")[0].country == "IL"


def test_claims_stand_beside_numbers_that_the_sample_client_has() -> None:
    truth = json.loads((DATA / "sample" / "truth.json").read_text(encoding="utf-8"))["like_motivation"]
    unasked = {row["number_id"] for row in rows(DATA / "claims.csv")} - truth.keys()
    loyalty = ("members.", "effect.", "programme.", "tactics.", "sharing.")
    channels = ("reach.", "competitors.", "field.")
    assert all(number.startswith(("response_time.", *loyalty, *channels)) for number in unasked)


def test_dollars_per_share_are_called_gross_and_last_click() -> None:
    dollars = [row for row in rows(DATA / "claims.csv") if "dollars" in row["base"]]
    assert len(dollars) >= 10
    for row in dollars:
        assert row["comparable"] == "different_base"
        for word in ("gross", "last click", "not incremental"):
            assert word in row["comment_en"].lower()
        assert "ברוטו" in row["comment_he"] and "תוספתי" in row["comment_he"]
