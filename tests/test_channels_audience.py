"""Where the audience is: reach, index, overlap and who the target is, against counts by hand, Pew and planted truth."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bench import planted_audience as planted
from hypothesis import given, settings
from hypothesis import strategies as st
from pew_kit import ANY, NETWORKS, TOPLINE, needs_pew, pew, read, write_pew, write_tables
from readers_kit import Desk, refused, text_of

from kesher.channels.audience import Audience, audience_of_table, of_respondents, target_rows
from kesher.channels.overlap import overlap_table
from kesher.faults import NotIdentified
from kesher.readers import Respondents
from kesher.readers.guesses import read_published
from kesher.readers.tidy import MultiSelect
from kesher.stats import Design
from kesher.survey.sample import design_of


def question(ticks: dict[str, list[int]], exclusive: frozenset[str] = frozenset()) -> MultiSelect:
    table = pd.DataFrame(ticks).astype(bool)
    return MultiSelect("networks", table, np.ones(len(table), bool), table.any(axis=1).to_numpy(), exclusive)


def row(found: Audience, network: str) -> pd.Series:
    return found.table.set_index("network").loc[network]


# --- reach, index and overlap, by hand ----------------------------------------------------------------------


def small() -> tuple[MultiSelect, np.ndarray, Design]:
    """Eight people, the first four the target, with weights."""
    used = question({"a": [1, 1, 1, 0, 1, 0, 0, 0], "b": [0, 1, 0, 0, 1, 1, 1, 0], "none": [0, 0, 0, 1, 0, 0, 0, 1],
                     "other": [1] * 8}, frozenset({"none"}))  # fmt: skip
    return used, np.arange(8) < 4, Design(np.array([1.0, 2, 1, 4, 1, 1, 2, 4]))


def test_shares_are_weighted_and_the_index_is_the_ratio_to_the_population() -> None:
    used, target, design = small()
    found = of_respondents(used, target, used.asked, design)
    assert list(found.table["network"]) == ["a", "b"]  # largest first; "none" and "other" are no networks
    assert row(found, "a")["reach"] == pytest.approx(4 / 8)
    assert row(found, "a")["population"] == pytest.approx(5 / 16)
    assert row(found, "a")["index"] == pytest.approx((4 / 8) / (5 / 16))
    assert row(found, "b")["index"] == pytest.approx((2 / 8) / (6 / 16))
    assert list(found.table["users"]) == [3, 1]
    assert found.any_reach[0] == pytest.approx(4 / 8)
    assert found.mean_networks == pytest.approx((1 * 1 + 2 * 2 + 1 * 1) / 8)
    assert found.base == 4 and found.population_base == 8 and found.index_reason is None
    assert found.effective_base == pytest.approx(64 / 22) and found.design_effect == pytest.approx(4 * 22 / 64)
    cells = found.overlap.set_index(["network", "other"])
    assert cells.loc[("a", "b"), "share"] == pytest.approx(2 / 4)  # of a's target users, weighted
    assert cells.loc[("b", "a"), "share"] == 1
    assert list(cells["base"]) == [3, 1]


def test_everyone_as_target_has_reach_but_no_index() -> None:
    used, _, design = small()
    found = of_respondents(used, used.asked, used.asked, design)
    assert found.index_reason == "target_is_everyone" and found.population_base is None
    assert found.table["index"].isna().all() and set(found.table["index_reason"]) == {"target_is_everyone"}
    assert row(found, "b")["reach"] == pytest.approx(6 / 16)


def test_a_domain_is_a_mask_of_the_whole_design() -> None:
    """Cut down to the target's rows the design would forget the clusters without any of them."""
    rng = np.random.default_rng(3)
    clusters = rng.integers(0, 12, 300)
    y = rng.random(300) < np.where(clusters < 6, 0.3, 0.7)
    used, target = question({"a": y.tolist()}), (rng.random(300) < 0.4) & (clusters % 4 != 0)
    whole = of_respondents(used, target, used.asked, Design(np.ones(300), clusters=clusters))
    every, shorter = np.ones(target.sum(), bool), Design(np.ones(target.sum()), clusters=clusters[target])
    cut = of_respondents(question({"a": y[target].tolist()}), every, every, shorter)
    simple = of_respondents(used, target, used.asked, Design.simple(300))
    width = {name: float(row(one, "a")["high"] - row(one, "a")["low"])
             for name, one in {"whole": whole, "cut": cut, "simple": simple}.items()}  # fmt: skip
    assert row(whole, "a")["reach"] == row(cut, "a")["reach"]
    assert width["whole"] != width["cut"] and width["whole"] > 1.5 * width["simple"]


def log_width(found: Audience, network: str = "a") -> float:
    return float(np.log(row(found, network)["index_high"] / row(found, network)["index_low"]))


def test_the_interval_of_an_index_allows_for_the_size_of_the_target_being_a_samples() -> None:
    """In a large sample the width is that of the linearised log ratio of the two overlapping shares."""
    n, rng = 40_000, np.random.default_rng(6)
    target = rng.random(n) < 0.5
    y = rng.random(n) < np.where(target, 0.6, 0.1)
    found = of_respondents(question({"a": y.tolist()}), target, np.ones(n, bool), Design.simple(n))
    score = target * (y / y[target].mean() - 1) / target.sum() - (y / y.mean() - 1) / n
    assert log_width(found) == pytest.approx(2 * 1.96 * math.sqrt((score**2).sum()), rel=0.01)


def test_the_interval_of_an_index_allows_for_target_and_rest_being_alike_in_a_cluster() -> None:
    """Against the jackknife that leaves out one cluster in turn; without the likeness it would be far too wide."""
    rng, clusters = np.random.default_rng(4), 80
    cluster = np.repeat(np.arange(clusters), 60)
    target = rng.random(cluster.size) < 0.4
    level = rng.normal(0, 1, clusters)[cluster]
    y = level + rng.normal(size=cluster.size) + 0.2 * target > 0
    used, everyone = question({"a": y.tolist()}), np.ones(cluster.size, bool)
    width = log_width(of_respondents(used, target, everyone, Design(np.ones(cluster.size), clusters=cluster)))

    def log_index(kept: np.ndarray) -> float:
        return float(np.log(y[kept & target].mean() / y[kept].mean()))

    left = np.array([log_index(cluster != one) for one in range(clusters)])
    error = math.sqrt((clusters - 1) / clusters * ((left - left.mean()) ** 2).sum())
    assert width == pytest.approx(2 * 1.99 * error, rel=0.1)


@pytest.mark.parametrize(
    ("target_users", "rest_users", "reason"), [(0, 20, ""), (30, 20, ""), (30, 40, ""), (0, 0, "no_users"), (5, 0, "")]
)
def test_the_index_at_the_edges(target_users: int, rest_users: int, reason: str) -> None:
    """Nobody or everybody of 30 of the target or of the other 40: an interval, or none and why."""
    used = question({"a": [at < target_users or 30 <= at < 30 + rest_users for at in range(70)], "b": [1] * 70})
    found = row(of_respondents(used, np.arange(70) < 30, used.asked, Design.simple(70)), "a")
    assert found["index_reason"] == reason
    if reason:
        assert math.isnan(found["index"]) and not found["distinct"]
        return
    share = target_users / 30 / ((target_users + rest_users) / 70)
    assert found["index"] == pytest.approx(share)
    assert found["index_low"] <= found["index"] <= found["index_high"] < np.inf
    assert found["index_low"] < found["index_high"]
    assert found["distinct"] == (target_users + rest_users < 70)


def test_with_many_networks_one_narrow_escape_is_not_called_distinct() -> None:
    people, rng = 400, np.random.default_rng(1)
    target = np.arange(people) < 100
    noise = {f"n{j}": (rng.permutation(people) < 200).astype(int).tolist() for j in range(9)}
    close = [int(at < 61 or 100 <= at < 247) for at in range(people)]  # 61 % against 49 %: p about 0.03
    alone = of_respondents(question({"a": close}), target, np.ones(people, bool), Design.simple(people))
    among = of_respondents(question({"a": close, **noise}), target, np.ones(people, bool), Design.simple(people))
    assert row(alone, "a")["distinct"] and row(alone, "a")["index_low"] > 1
    assert not row(among, "a")["distinct"]
    assert row(among, "a")["index_low"] == pytest.approx(row(alone, "a")["index_low"])


def test_what_can_not_be_said_is_refused_by_code() -> None:
    used, target, design = small()
    for rows, code in ((np.zeros(8, bool), "no_target"), (np.arange(8) < 1, "one_respondent")):
        with pytest.raises(NotIdentified, match=code):
            of_respondents(used, rows, used.asked, design)
    with pytest.raises(NotIdentified, match="no_networks"):
        of_respondents(question({"none": [1] * 8}, frozenset({"none"})), target, used.asked, design)
    with pytest.raises(ValueError, match="part of the population"):
        of_respondents(used, target, ~target, design)


def test_a_network_without_users_and_one_that_everybody_uses() -> None:
    used = question({"all": [1] * 60, "none_of_them": [0] * 60})
    found = of_respondents(used, np.arange(60) < 20, used.asked, Design.simple(60))
    assert row(found, "all")["index"] == 1 and not row(found, "all")["distinct"]
    assert row(found, "none_of_them")["reach"] == 0 and row(found, "none_of_them")["high"] > 0
    cells = found.overlap.set_index(["network", "other"])
    assert math.isnan(cells.loc[("none_of_them", "all"), "share"]) and cells.loc[("none_of_them", "all"), "base"] == 0
    assert cells.loc[("all", "none_of_them"), "share"] == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(20, 200), st.integers(1, 5))
def test_bounds_hold_their_value_and_shares_their_range(seed: int, n: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    ticks = rng.random((n, k)) < rng.random(k)
    used = question({f"n{j}": ticks[:, j].tolist() for j in range(k)})
    target = rng.random(n) < rng.uniform(0.1, 0.9)
    target[:2] = True
    strata = rng.integers(0, 3, n)
    found = of_respondents(used, target, used.asked, Design(rng.uniform(0.3, 3, n), strata))
    for low, value, high in (("low", "reach", "high"), ("population_low", "population", "population_high"),
                             ("index_low", "index", "index_high")):  # fmt: skip
        some = found.table[found.table[value].notna()]
        assert (some[low] <= some[value] + 1e-12).all() and (some[value] <= some[high] + 1e-12).all()
    assert found.any_reach[0] >= found.table["reach"].max() - 1e-12
    assert found.mean_networks == pytest.approx(found.table["reach"].sum())


# --- the target ---------------------------------------------------------------------------------------------


PEOPLE = pd.DataFrame(
    {"segment.age": ["18_29", "30_49", None, "65_plus"], "segment.sex": ["women", "men", "men", "men"]}
)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([], [1, 1, 1, 1]),
        (["age=18_29"], [1, 0, 0, 0]),
        ([" age = 18_29 | 30_49 "], [1, 1, 0, 0]),
        (["age=30_49|65_plus", "sex=men"], [0, 1, 0, 1]),
        (["age=18_29", "sex=men"], [0, 0, 0, 0]),
    ],
)
def test_conditions_are_all_met_and_options_are_alternatives(conditions: list[str], expected: list[int]) -> None:
    assert target_rows(PEOPLE, conditions).tolist() == list(map(bool, expected))


@pytest.mark.parametrize(
    ("condition", "kind", "near"),
    [
        ("agee=18_29", "unknown_question", "age"),
        ("age=18_92", "unknown_option", "18_29"),
        ("age=18_29|mars", "unknown_option", ""),
        ("age", "bad_condition", ""),
        ("=18_29", "bad_condition", ""),
    ],
)
def test_a_condition_that_fits_nothing_is_named_with_its_nearest(condition: str, kind: str, near: str) -> None:
    with refused(kind) as caught:
        target_rows(PEOPLE, ["sex=men", condition])
    assert condition in caught.fault.what and (not near or f"Nearest: {near}." in caught.fault.remedy)


def test_all_wrong_conditions_are_told_at_once() -> None:
    with refused("bad_condition") as caught:
        target_rows(PEOPLE, ["age", "job=x", "sex=m"])
    assert len(caught.faults) == 3


# --- tables -------------------------------------------------------------------------------------------------


def test_marginals_tell_reach_and_bounds_and_no_overlap() -> None:
    found = audience_of_table((("facebook", "instagram"), np.array([0.9, 0.7]), 1040), None)
    assert row(found, "facebook")[["low", "high"]].tolist() == pytest.approx([0.880, 0.917], abs=0.001)
    assert math.isnan(found.any_reach[0]) and found.any_reach[1] < 0.9 and found.any_reach[2] == 1
    assert found.mean_networks == pytest.approx(1.6)
    assert found.overlap.empty and found.base == 1040 and list(found.table["users"]) == [936, 728]
    assert found.index_reason == "no_population" and found.population_base is None
    unknown = audience_of_table((("facebook", "instagram"), np.array([0.9, 0.7]), np.nan), None)
    assert unknown.table["low"].isna().all() and unknown.base == -1 and list(unknown.table["users"]) == [-1, -1]
    assert unknown.any_reach[1:] == (0.9, 1.0)
    with pytest.raises(NotIdentified, match="no_networks"):
        audience_of_table(((), np.array([]), 10), None)


def test_the_index_of_two_tables() -> None:
    given = (("a", "b", "c"), np.array([0.6, 0.3, 0.1]), 400)
    found = audience_of_table(given, ({"a": 0.4, "b": 0.3}, 1000))
    assert row(found, "a")["index"] == pytest.approx(1.5) and row(found, "a")["distinct"]
    assert row(found, "b")["index"] == pytest.approx(1) and not row(found, "b")["distinct"]
    assert math.isnan(row(found, "c")["index"]) and row(found, "c")["index_reason"] == "no_population"
    assert found.population_base == 1000 and found.index_reason is None
    delta = 1.5 * np.exp(1.96 * np.sqrt(0.4 / 0.6 / 400 + 0.6 / 0.4 / 1000))  # Katz's interval, from elsewhere
    assert row(found, "a")["index_high"] == pytest.approx(delta, rel=0.01)
    census = audience_of_table(given, ({"a": 0.4}, np.inf))
    assert row(census, "a")["index_high"] == pytest.approx(row(census, "a")["high"] / 0.4)
    unknown = audience_of_table(given, ({"a": 0.4}, np.nan))
    assert row(unknown, "a")["index"] == pytest.approx(1.5) and math.isnan(row(unknown, "a")["index_low"])
    assert not row(unknown, "a")["distinct"] and unknown.population_base == 0


def test_an_overlap_table_tells_the_overlap_it_was_given() -> None:
    cells = np.array([[1, 0.5, 0.2], [0.75, 1, 0.25], [0.6, 0.5, 1]])
    table = overlap_table(("a", "b", "c"), np.array([0.6, 0.4, 0.2]), cells, "row_users", 500)
    found = audience_of_table(table, None)
    shares = found.overlap.set_index(["network", "other"])
    assert shares.loc[("b", "a"), "share"] == pytest.approx(0.75) and shares.loc[("b", "a"), "base"] == 200
    assert len(shares) == 6 and (shares["low"] < shares["share"]).all()
    value, low, high = found.any_reach
    assert low < 0.7 <= value <= high  # a and b alone reach 0.7


# --- Pew ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def adults(tmp_path_factory: pytest.TempPathFactory) -> Respondents:
    return pew(tmp_path_factory.mktemp("pew"))


@pytest.fixture(scope="module")
def everyone(adults: Respondents) -> Audience:
    used = adults.questions["networks"]
    return of_respondents(used, used.base("asked"), used.base("asked"), design_of(adults.people))


@needs_pew
def test_pew_toplines(everyone: Audience) -> None:
    reach = everyone.table.set_index("network")["reach"]
    for network, (whole, decimals) in TOPLINE.items():
        assert round(100 * reach[network]) == whole
        assert round(100 * reach[network], 2) == pytest.approx(decimals, abs=1e-9)
    assert round(100 * everyone.any_reach[0], 2) == ANY
    assert round(everyone.effective_base) == 1186 and everyone.base == 1502
    published = read_published("pew_2019", "adults").items.set_index("item")["share"]
    assert (reach.round(2) == published[reach.index]).all()


@needs_pew
def test_pew_overlap_all_cells(everyone: Audience) -> None:
    cells = everyone.overlap.set_index(["network", "other"])["share"]
    assert len(cells) == 72
    for network in NETWORKS:
        published = read_published("pew_2019_overlap", network).items.set_index("item")["share"]
        assert published[network] == 1 and len(published) == 9
        for other in NETWORKS:
            if other != network:
                assert round(100 * cells[network, other]) == round(100 * published[other])


@needs_pew
def test_pew_unweighted_would_not_reproduce(adults: Respondents) -> None:
    used = adults.questions["networks"]
    found = of_respondents(used, used.asked, used.asked, Design.simple(1502)).table.set_index("network")["reach"]
    assert sum(round(100 * found[network]) != whole for network, (whole, _) in TOPLINE.items()) >= 5


@needs_pew
def test_pew_adults_not_online_are_non_users(adults: Respondents, everyone: Audience, tmp_path: Path) -> None:
    """Left blank, they are non-users where blanks are no; dropped as not asked, every share is too high."""
    write_tables(tmp_path)
    write_pew(tmp_path, blank_offline=True)
    blank = read(tmp_path)
    used, design = blank.questions["networks"], design_of(blank.people)
    again = of_respondents(used, used.base("asked"), used.base("asked"), design)
    assert used.asked.all()
    assert again.table["reach"].tolist() == pytest.approx(everyone.table["reach"].tolist(), abs=1e-12)
    dropped = read(tmp_path, blanks_are_no=False).questions["networks"]
    rows = dropped.base("asked")
    assert rows.sum() < 1502 - 100
    trap = of_respondents(dropped, rows, rows, design).table.set_index("network")["reach"]
    for network, (whole, decimals) in TOPLINE.items():
        assert 100 * trap[network] > 1.08 * decimals and round(100 * trap[network]) > whole
    assert 100 * trap["youtube"] > 73 + 6


@needs_pew
def test_pew_young_adults_have_an_index(adults: Respondents) -> None:
    used = adults.questions["networks"]
    target = used.base("asked") & target_rows(adults.people, ["age=18_29"])
    found = of_respondents(used, target, used.base("asked"), design_of(adults.people))
    assert found.base == target.sum() and found.population_base == 1502
    table = found.table.set_index("network")
    assert table["index"].idxmax() == "snapchat" and table["reach"].idxmax() == "youtube"  # concentration is not reach
    assert table.loc["snapchat", "distinct"] and not table.loc["linkedin", "distinct"]


def test_blank_answers_of_a_file_that_writes_unticked_out(tmp_path: Path) -> None:
    """Six people, two of them not online and blank: in the base where a column says who was asked, else not."""
    desk = Desk(tmp_path)
    cells = [["id", "why_deals", "why_news", "wave"], [1, 1, 0, 1], [2, 1, 1, 1], [3, 0, 1, 1], [4, 0, 0, 1],
             [5, "", "", 1], [6, "", "", 1]]  # fmt: skip
    desk.write("survey.csv", text_of(cells))
    lines = ["id: respondent", "why_deals: choices reasons deals", "why_news: choices reasons news"]
    shares = []
    for more in ([], ["wave: asked reasons"]):
        desk.columns(*lines, *more)
        used = desk.read().questions["reasons"]
        rows = used.base("asked")
        shares.append(row(of_respondents(used, rows, rows, Design.simple(6)), "deals")["reach"])
    assert shares == pytest.approx([2 / 4, 2 / 6])


# --- planted truth ------------------------------------------------------------------------------------------


def test_intervals_hold_the_planted_truth() -> None:
    """A small run of tests/bench/planted_audience.py, whose 1,000 clients are held to 93-97 %."""
    clients = 40
    for (kind, name), counts in planted.coverage(clients, seed=3).items():
        held = counts[0] / sum(counts)
        assert held >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / (4 * clients)), (kind, name, counts)
        assert min(counts[1:]) > 0 or name == "index", "intervals that never miss are too wide"
