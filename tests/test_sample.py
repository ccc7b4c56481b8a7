"""The invented client: files equal to the generator, a right truth, and raking that mends the raw shares."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from kesher.params import ChannelSelection, LikeMotivation, LoyaltyRoi, load_client
from kesher.sample import (
    Panel,
    Planted,
    Programme,
    Types,
    as_respondents,
    network_truth,
    plant,
    plant_panel,
    simulate_programme,
    write,
    write_channels,
    write_programme,
)

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"
MEMBERS_ONLY = ROOT / "data" / "sample_members"
FILES = ["customers.csv", "columns.csv", "options.csv", "margins.csv", "guesses.csv", "truth.json"]
CLUB = ["transactions.csv", "members.csv", "points.csv", "costs.csv"]
PROGRAMME = [*CLUB, "offers.csv", "shares.csv", "calendar.csv", "till_tests.csv"]
AUDIENCE = ["audience.csv", "audience_columns.csv", "audience_options.csv", "audience_margins.csv"]
NETWORK_TABLES = ["networks.csv", "goals.csv", "network_leads.csv", "traditional.csv"]
EXPORTS = [
    "Overview.csv",
    "Table data.csv",
    "facebook_content.csv",
    "instagram_content.csv",
    "linkedin_updates.xlsx",
    "x_by_day.csv",
]
CHANNELS = [*AUDIENCE, *NETWORK_TABLES, *(f"exports/{name}" for name in EXPORTS)]


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return yaml.safe_load((SAMPLE / "generator.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def planted(settings: dict[str, Any]) -> Planted:
    return plant(settings, settings["seed"])


def programme_settings(folder: Path) -> dict[str, Any]:
    return yaml.safe_load((folder / "programme.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def programme() -> Programme:
    of = programme_settings(SAMPLE)
    return simulate_programme(of, of["seed"])


@pytest.fixture(scope="module")
def channels() -> dict[str, Any]:
    return yaml.safe_load((SAMPLE / "channels.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def panel(channels: dict[str, Any]) -> Panel:
    return plant_panel(channels, channels["seed"])


def clean(settings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """The same population without the troubles of a field."""
    return settings | {"trouble": {}} | changes


def by_wave(guesses: pd.DataFrame, wave: int) -> pd.Series:
    return guesses[guesses["wave"] == wave].groupby("option")["guess_percent"].median()


def raked(planted: Planted, settings: dict[str, Any]) -> tuple[pd.DataFrame, np.ndarray]:
    """The sheets, each person once, and their weights raked to the margins."""
    from kesher.survey.weighting import rake

    people = planted.people.drop_duplicates("respondent")
    codes = [pd.Categorical(people[name], categories=list(planted.margins[name])).codes for name in planted.margins]
    targets = [np.array(list(shares.values())) for shares in planted.margins.values()]
    fit = rake([np.asarray(code, dtype=int) for code in codes], targets, np.ones(len(people)), bounds=(0.2, 5.0))
    assert fit.converged
    return people, fit.weights


def test_the_stored_files_are_what_the_generator_writes(
    settings: dict[str, Any], channels: dict[str, Any], tmp_path: Path
) -> None:
    write(tmp_path, settings)
    write_programme(tmp_path, programme_settings(SAMPLE))
    write_channels(tmp_path, channels)
    made = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(made) == sorted([*FILES, *PROGRAMME, *CHANNELS])
    for name in made:
        assert (tmp_path / name).read_bytes() == (SAMPLE / name).read_bytes(), name
    members_only = tmp_path / "members_only"
    members_only.mkdir()
    write_programme(members_only, programme_settings(MEMBERS_ONLY))
    assert sorted(path.name for path in members_only.iterdir()) == sorted([*CLUB, "truth.json"])
    for name in [*CLUB, "truth.json"]:
        assert (members_only / name).read_bytes() == (MEMBERS_ONLY / name).read_bytes(), name


def test_it_says_that_it_is_invented() -> None:
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert "invented" in readme
    assert "נתונים להמחשה בלבד" in readme
    assert "נתונים להמחשה בלבד" in (MEMBERS_ONLY / "README.md").read_text(encoding="utf-8")
    for told in (
        SAMPLE / "generator.yml",
        SAMPLE / "programme.yml",
        SAMPLE / "channels.yml",
        MEMBERS_ONLY / "programme.yml",
    ):
        assert "invented" in told.read_text(encoding="utf-8").splitlines()[0]


def test_the_parameters_are_valid_and_hold_the_seal() -> None:
    given = {}
    for name in ("client.yml", "like_motivation.yml"):
        text = (ROOT / "params" / "sample" / name).read_text(encoding="utf-8")
        assert all("#" in line for line in text.splitlines()), "every line has its comment"
        given |= yaml.safe_load(text)
    parameters = LikeMotivation(**given)
    assert parameters.illustrative
    assert parameters.guesses_seal == hashlib.sha256((SAMPLE / "guesses.csv").read_bytes()).hexdigest()
    data_root = ROOT / "params" / "sample" / parameters.data_root
    for file in (parameters.customers_file, parameters.columns, parameters.options, parameters.margins):
        assert (data_root / str(file)).is_file()


def test_guesses_are_older_than_the_fieldwork_and_the_fieldwork_than_the_reveal(planted: Planted) -> None:
    revealed = yaml.safe_load((ROOT / "params/sample/like_motivation.yml").read_text(encoding="utf-8"))["revealed_on"]
    answered = planted.people["answered_at"]
    assert pd.Timestamp(planted.guesses["sealed_on"].max()) < answered.min()
    assert answered.max() < pd.Timestamp(revealed)


def test_no_personal_detail_in_the_files() -> None:
    plain = [name for name in [*FILES, *PROGRAMME, *CHANNELS] if not name.endswith(".xlsx")]
    for path in [*(SAMPLE / name for name in plain), *(MEMBERS_ONLY / name for name in CLUB)]:
        text = path.read_text(encoding="utf-8")
        assert "@" not in text
        assert not re.search(r"\b0\d{1,2}-?\d{7}\b", text), "a phone number"
        assert not re.search(r"(?<![\d.])\d{9}(?!\d)", text), "an identity number"


def test_the_export_has_the_traps_of_a_form(settings: dict[str, Any]) -> None:
    raw = (SAMPLE / "customers.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))
    assert 1200 <= len(rows) <= 1280
    questions = settings["questions"]
    texts = {name: [option["text"] for option in q["options"].values()] for name, q in questions.items()}
    assert any(", " in text for text in texts["reasons"])
    assert any(a != b and a in b for a in texts["expectations"] for b in texts["expectations"])
    header = questions["reasons"]["header"]
    assert sum(row[header] == "" for row in rows) > 5, "skipped"
    assert any(text in row[header] for row in rows for text in questions["reasons"]["other_texts"])
    ids = [row[settings["headers"]["respondent"]] for row in rows]
    assert len(ids) - len(set(ids)) == settings["trouble"]["duplicates"]


@pytest.mark.parametrize("option", ["loyal", "offers", "content", "fun"])
def test_raw_shares_are_off_and_raked_shares_are_not(option: str, planted: Planted, settings: dict[str, Any]) -> None:
    people, weights = raked(planted, settings)
    answered = people.filter(regex=r"^reasons\.(?!other)").any(axis=1).to_numpy() | (people["reasons.other"] != "")
    ticks = people[f"reasons.{option}"].to_numpy(dtype=float)[answered]
    true = planted.truth[f"customers.share.{option}"]
    assert abs(ticks.mean() - true) > 0.03
    weights = weights[answered]
    error = np.sqrt(true * (1 - true) * (weights**2).sum()) / weights.sum()
    assert abs(np.average(ticks, weights=weights) - true) < 2.5 * error


def test_raw_shares_put_the_wrong_reason_first(planted: Planted) -> None:
    people = planted.people.drop_duplicates("respondent")
    assert people["reasons.offers"].mean() > people["reasons.loyal"].mean()
    assert planted.truth["customers.share.loyal"] > planted.truth["customers.share.offers"]


def test_over_many_draws_the_raked_shares_centre_on_the_truth(settings: dict[str, Any]) -> None:
    found = []
    for seed in range(40):
        draw = plant(clean(settings), seed)
        people, weights = raked(draw, settings)
        answered = people.filter(regex=r"^reasons\.(?!other)").any(axis=1).to_numpy()
        ticks = people.filter(regex=r"^reasons\.(?!other|none)")[answered]
        found.append(ticks.astype(float).mul(weights[answered], axis=0).sum() / weights[answered].sum())
    draws = pd.DataFrame(found).rename(columns=lambda name: name.replace("reasons.", "customers.share."))
    true = pd.Series(draw.truth)[draws.columns]
    error = draws.std() / np.sqrt(len(draws))
    assert ((draws.mean() - true).abs() < 3.5 * error).all()


def test_the_truth_is_what_a_very_large_draw_without_non_response_shows(settings: dict[str, Any]) -> None:
    segments = {
        name: segment | {"levels": {level: v | {"response": 1.0} for level, v in segment["levels"].items()}}
        for name, segment in settings["segments"].items()
    }
    questions = {name: question | {"skipped": 0.0} for name, question in settings["questions"].items()}
    drawn = plant(clean(settings, segments=segments, questions=questions, respondents=400_000), 1)
    people, truth = drawn.people, drawn.truth
    for prefix, name in (("customers.share", "reasons"), ("expectation", "expectations"), ("ways", "ways")):
        for option in settings["questions"][name]["options"]:
            if option != "none":
                assert people[f"{name}.{option}"].mean() == pytest.approx(truth[f"{prefix}.{option}"], abs=0.003)
    assert people["programmes_enrolled"].mean() == pytest.approx(truth["programmes.enrolled_mean"], abs=0.02)
    assert people["programmes_active"].mean() == pytest.approx(truth["programmes.active_mean"], abs=0.02)
    for question, level, option in (("age", "age_18_24", "loyal"), ("club", "member", "rewards")):
        inside = people[question] == level
        ticks = people[f"reasons.{option}"]
        difference = 100 * (ticks[inside].mean() - ticks[~inside].mean())
        assert difference == pytest.approx(truth[f"segment.{question}.{level}.{option}"], abs=0.8)
    wants = people.filter(regex=r"^expectations\.(?!other|none)").to_numpy(dtype=bool)
    for size in (2, 3):
        from itertools import combinations

        best = max(wants[:, list(chosen)].any(axis=1).mean() for chosen in combinations(range(wants.shape[1]), size))
        assert best == pytest.approx(truth[f"offers.{size}.reach"], abs=0.003)


def test_shares_margins_and_guesses_add_up(settings: dict[str, Any], planted: Planted) -> None:
    for shares in planted.margins.values():
        assert sum(shares.values()) == pytest.approx(1)
    for segment in settings["segments"].values():
        assert sum(level["share"] for level in segment["levels"].values()) == pytest.approx(1)
    assert sum(v for k, v in planted.truth.items() if k.startswith("ways.")) == pytest.approx(1)
    assert planted.guesses["guesser"].nunique() == 9
    assert planted.guesses["guess_percent"].between(0, 100).all()
    truth = planted.truth
    for option, guess in by_wave(planted.guesses, 2).items():
        assert truth[f"gap.{option}"] == pytest.approx(guess - 100 * truth[f"customers.share.{option}"])
    gaps = [v for k, v in truth.items() if k.startswith("gap.")]
    assert truth["predictions.surprise_pp"] == pytest.approx(np.abs(gaps).mean())
    assert sum(v for k, v in truth.items() if k.startswith("gap_centred.")) == pytest.approx(0, abs=1e-6)
    assert max(gaps) == truth["gap.content"] and min(gaps) == truth["gap.loyal"]


def test_agreement_is_scipys_tau_b_and_the_second_wave_is_nearer(planted: Planted) -> None:
    from scipy.stats import kendalltau

    truth = planted.truth
    share = pd.Series({k.rsplit(".")[-1]: v for k, v in truth.items() if k.startswith("customers.share.")})
    second = by_wave(planted.guesses, 2)[share.index]
    assert truth["agreement.kendall_tau_b"] == pytest.approx(kendalltau(share, second).statistic)
    first = by_wave(planted.guesses, 1)[share.index]
    assert (second - 100 * share).abs().mean() < (first - 100 * share).abs().mean()


def test_the_stored_truth_is_by_workbook_and_number() -> None:
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    assert list(truth) == ["like_motivation", "loyalty_roi", "channel_selection"]
    for of in truth.values():
        assert all(re.fullmatch(r"[a-z0-9_]+(\.[a-z0-9_+]+)+", number) for number in of)
        assert all(np.isfinite(value) for value in of.values())


def test_tidy_respondents_without_a_file(planted: Planted, settings: dict[str, Any]) -> None:
    respondents = as_respondents(planted, settings)
    assert list(respondents.questions) == ["reasons", "expectations", "ways"]
    reasons = respondents.questions["reasons"]
    assert reasons.exclusive == {"none"}
    assert list(reasons.ticks) == [*settings["questions"]["reasons"]["options"], "other"]
    assert reasons.answered.mean() == pytest.approx(0.985, abs=0.01)
    ways = respondents.questions["ways"]
    assert (ways.ticks.sum(axis=1) <= 1).all()
    assert len(respondents.people) == len(planted.people)


def test_a_plain_population_needs_few_settings() -> None:
    plain = {
        "respondents": 300,
        "margins": [],
        "segments": {"kind": {"levels": {"a": {"share": 0.5}, "b": {"share": 0.5}}}},
        "questions": {"reasons": {"options": {"x": {"share": 0.3}, "y": {"share": 0.6}, "none": {}}}},
    }
    drawn = plant(plain, 7)
    assert drawn.guesses.empty
    assert drawn.truth["customers.share.x"] == 0.3
    assert "gap.x" not in drawn.truth
    pd.testing.assert_frame_equal(drawn.people, plant(plain, 7).people)
    assert not drawn.people.equals(plant(plain, 8).people)


def test_the_readers_find_in_the_files_what_was_planted(planted: Planted, settings: dict[str, Any]) -> None:
    from kesher.readers import DataRoot, read_guesses, read_margins, read_options, read_respondents

    root = DataRoot(SAMPLE)
    options = read_options(root, "options.csv")
    read = read_respondents(root, "customers.csv", group="customers", columns_spec="columns.csv", options=options)
    meant = as_respondents(planted, settings)
    assert read.source.format == "forms"
    for name, question in meant.questions.items():
        assert (read.questions[name].ticks == question.ticks).all(axis=None), name
        assert (read.questions[name].answered == question.answered).all()
        assert read.questions[name].exclusive == question.exclusive
    pd.testing.assert_frame_equal(read.people[list(meant.people)], meant.people, check_dtype=False)
    assert read_margins(root, "margins.csv", options) == {
        name: pytest.approx(shares) for name, shares in planted.margins.items()
    }
    seal = hashlib.sha256((SAMPLE / "guesses.csv").read_bytes()).hexdigest()
    guesses = read_guesses(root, "guesses.csv", options=options, seal=seal, revealed_on="2026-10-12")
    assert len(guesses.table) == 2 * 9 * 9


@pytest.mark.parametrize("client", ["sample", "sample_members"])
def test_the_programmes_parameters_are_valid_and_name_files_that_are_there(client: str) -> None:
    folder = ROOT / "params" / client
    for path in folder.glob("*.yml"):
        assert all("#" in line for line in path.read_text(encoding="utf-8").splitlines()), "every line has its comment"
    found = load_client(folder, ["loyalty_roi"])["loyalty_roi"]
    assert isinstance(found, LoyaltyRoi) and found.illustrative
    named = {value for name, value in found.model_dump().items() if name.endswith("_file") and value}
    assert named == set(PROGRAMME if client == "sample" else CLUB)
    assert all((folder / found.data_root / name).is_file() for name in named)
    planted = programme_settings(ROOT / "data" / client)
    assert planted["price"]["margin_rate"] == found.margin_rate and planted["price"]["vat"] == found.vat_rate
    assert planted["points"]["expire"] == found.points_expire and planted["points"]["cost"] == found.point_cost
    assert str(planted["days"]["last"]) == found.as_of


def test_the_tills_export_has_the_mess_of_a_till_and_the_planted_sales(programme: Programme) -> None:
    lines = (SAMPLE / "transactions.csv").read_bytes().decode("utf-8-sig").splitlines()
    title, blank, *rows, total = list(csv.reader(lines))
    assert len(title) == 1 and blank == [] and total[:3] == ['סה"כ', "", ""]
    table = pd.DataFrame(rows[1:], columns=rows[0])
    table["amount"] = table["amount"].astype(float)
    assert float(total[3]) == pytest.approx(table["amount"].sum())
    assert table["date"].str.fullmatch(r"\d\d/\d\d/\d{4}").all()
    assert table.duplicated().sum() == 14 and (table["customer"] == "TEST").sum() == 12
    assert (table["amount"] == 0).sum() == 9 and (table["amount"] < 0).sum() == 61
    assert table["amount"].max() == 18400.0 == -table["amount"].min()
    kept = table[(table["customer"] != "TEST") & ~table.duplicated()]
    net = kept["amount"].sum() / 1.18  # returned and cancelled sales are there besides the planted ones
    assert net == pytest.approx(programme.purchases["amount"].sum(), rel=1e-6)
    assert sum(path.stat().st_size for path in SAMPLE.glob("*.csv")) < 2_600_000


def test_no_customer_of_the_second_sample_is_seen_before_joining() -> None:
    sales, members = (pd.read_csv(MEMBERS_ONLY / f"{name}.csv") for name in ("transactions", "members"))
    joined = sales["customer"].map(members.set_index("customer")["joined"])
    assert (pd.to_datetime(sales["date"], format="%d/%m/%Y") >= pd.to_datetime(joined)).all()


def test_what_is_planted_in_the_programme_is_what_a_very_large_client_shows() -> None:
    of = programme_settings(SAMPLE) | {"customers": 60_000}
    of["offers"] = of["offers"] | {"campaigns": [c | {"size": 4_000} for c in of["offers"]["campaigns"]]}
    drawn = simulate_programme(of, 1)
    truth, members = drawn.truth, drawn.members
    months = drawn.last_month - drawn.first_month + 1
    margin = np.zeros((drawn.customers, months))
    monthly = drawn.monthly()
    margin[monthly["customer"], monthly["month"] - drawn.first_month] = monthly["value"]
    joined = np.full(drawn.customers, 10**6)
    joined[members["customer"]] = members["joined"].dt.year * 12 + members["joined"].dt.month - 1 - drawn.first_month
    # What a group spends after joining, against its own months before (not the last) and the others' same months.
    never = margin[joined == 10**6].mean(axis=0)
    gains, weights = [], []
    for month in range(8, months - 1):
        mine = margin[joined == month].mean(axis=0) - never
        gains.append(mine[month + 1 :] - mine[: month - 1].mean())
        weights.append(np.full(months - month - 1, (joined == month).sum()))
    found = np.average(np.concatenate(gains), weights=np.concatenate(weights))
    assert found == pytest.approx(truth["effect.adjusted"], abs=0.5)
    recent = np.arange(months) >= months - 12
    after = np.arange(months) > joined[:, None]
    naive = margin[after & recent].mean() - margin[joined == 10**6][:, recent].mean()
    assert naive == pytest.approx(truth["effect.naive"], abs=0.5)
    assert truth["effect.naive"] > 4 * truth["effect.adjusted"]
    events = drawn.points[drawn.points["day"] > "2025-10-31"]
    used = members["customer"].isin(events.loc[events["event"] != "expired", "customer"]).mean()
    assert used == pytest.approx(truth["members.active_share"], abs=0.01)
    # Of points old enough to have met their end, what was never redeemed.
    earned = drawn.points.query("event == 'earned' and day < '2025-05-01'")["points"].sum()
    lost = drawn.points.query("event == 'expired'")["points"].sum()
    assert lost / earned == pytest.approx(truth["points.breakage_rate"], abs=0.03)
    redeemed = drawn.offers[drawn.offers["redeemed"].notna()]
    assert redeemed["seen"].isna().mean() == pytest.approx(truth["rewards.cannibalised_share"], abs=0.015)
    assert drawn.shares["amount"].mean() == pytest.approx(truth["sharing.value_per_share"], rel=0.05)
    shown = len(drawn.shares) / after[members["customer"]].sum()
    assert shown == pytest.approx(truth["sharing.share_rate"], rel=0.05)


def test_edge_programmes_are_what_their_names_say() -> None:
    from simulated_programmes import EDGES

    drawn = {name: simulate_programme(of, 4) for name, of in EDGES.items()}
    assert len(drawn["one_member"].members) == 1
    assert len(drawn["everybody_member"].members) == drawn["everybody_member"].customers
    assert drawn["nobody_active"].points.empty and drawn["nobody_active"].truth["effect.adjusted"] == 0
    assert drawn["joined_one_day"].members["joined"].nunique() == 1
    assert (drawn["negative_margins"].purchases["margin"] < 0).all()
    spent = drawn["huge_spender"].purchases.groupby("customer")["amount"].sum().sort_values()
    assert spent.iloc[-1] > 100 * spent.iloc[-2]
    days = drawn["six_weeks"].purchases["day"]
    assert (days.max() - days.min()).days <= 42
    assert drawn["contractual"].members["left"].notna().any()
    assert drawn["no_effect"].truth["effect.adjusted"] == 0
    again = simulate_programme(EDGES["no_effect"], 4)
    pd.testing.assert_frame_equal(again.purchases, drawn["no_effect"].purchases)


# The networks ----------------------------------------------------------------------------------------


def target_of(people: pd.DataFrame, channels: dict[str, Any]) -> np.ndarray:
    return np.logical_and.reduce([people[question].isin(levels) for question, levels in channels["target"].items()])


def weights_of(panel: Panel) -> np.ndarray:
    """Each sheet's weight, raked to the margins."""
    from kesher.survey.weighting import rake

    codes = [pd.Categorical(panel.people[name], categories=list(panel.margins[name])).codes for name in panel.margins]
    targets = [np.array(list(shares.values())) for shares in panel.margins.values()]
    fit = rake([np.asarray(code, dtype=int) for code in codes], targets, np.ones(len(panel.people)), bounds=(0.2, 5.0))
    assert fit.converged
    return fit.weights


def reached(people: pd.DataFrame, weights: np.ndarray, members: tuple[str, ...]) -> float:
    """Weighted share of these people on at least one of the networks."""
    on = people[[f"networks.{name}" for name in members]].to_numpy(dtype=bool).any(axis=1)
    return float(np.average(on, weights=weights))


def greedy(types: Types, people: np.ndarray, size: int) -> list[str]:
    chosen: list[str] = []
    while len(chosen) < size:
        left = [name for name in types.networks if name not in chosen]
        chosen.append(max(left, key=lambda name: types.reach(people, [*chosen, name])))
    return chosen


def test_the_networks_truth_is_what_a_very_large_panel_without_selection_shows(channels: dict[str, Any]) -> None:
    segments = {
        name: segment | {"levels": {level: v | {"response": 1.0} for level, v in segment["levels"].items()}}
        for name, segment in channels["segments"].items()
    }
    drawn = plant_panel(channels | {"segments": segments, "respondents": 90_000}, 2)
    inside = drawn.people[target_of(drawn.people, channels)]
    one = np.ones(len(inside))
    best = {number: value for number, value in drawn.truth.items() if ".best." in number}
    assert len(best) == channels["sets_max"]
    for number, value in best.items():
        assert value == drawn.truth[f"sets.{number.split('.')[1]}.reach"]
        assert reached(inside, one, tuple(number.rsplit(".")[-1].split("+"))) == pytest.approx(value, abs=0.01)
    for name in channels["networks"]:
        reach, everyone = reached(inside, one, (name,)), drawn.people[f"networks.{name}"].mean()
        assert reach == pytest.approx(drawn.truth[f"reach.{name}"], abs=0.01)
        assert reach / everyone == pytest.approx(drawn.truth[f"index.{name}"], rel=0.08)


def test_over_many_panels_the_raked_reach_centres_on_the_truth(channels: dict[str, Any]) -> None:
    sets = [*((name,) for name in channels["networks"]), ("instagram", "youtube")]
    truth = network_truth(channels)
    true = np.array([*(truth[f"reach.{name}"] for name in channels["networks"]), truth["sets.2.reach"]])
    found = []
    for seed in range(40):
        drawn = plant_panel(channels, seed)
        weights, inside = weights_of(drawn), target_of(drawn.people, channels)
        found.append([reached(drawn.people[inside], weights[inside], members) for members in sets])
    error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - true) < 3.5 * error).all()


def test_the_networks_teach_what_they_are_planted_for(channels: dict[str, Any]) -> None:
    types = Types(channels)
    everyone = types.population.share
    target = everyone * types.inside(channels["target"])
    best, members = types.best(target, 2)
    alone = sorted(types.networks, key=lambda name: types.reach(target, [name]), reverse=True)
    largest_audiences = types.reach(target, alone[:2])
    assert best - largest_audiences > 0.03, "the two largest audiences overlap"
    partner = max(alone[1:], key=lambda name: types.reach(target, [alone[0], name]))
    assert partner != alone[1], "the largest network's best partner is not the second largest"
    pair = greedy(types, target, 2)
    assert set(pair) != set(members) and 0.002 < best - types.reach(target, pair) < 0.01, "greedy nearly ties"
    assert types.best(everyone, 2)[1] == ("facebook", "youtube") != members, "of everybody another pair is best"
    truth = network_truth(channels)
    reach, index = ({n: truth[f"{what}.{n}"] for n in types.networks} for what in ("reach", "index"))
    assert max(index, key=index.__getitem__) == "linkedin" and reach["linkedin"] < 0.2, "concentration is not reach"


def test_the_unweighted_panel_misleads_and_the_raked_one_does_not(panel: Panel, channels: dict[str, Any]) -> None:
    weights, inside = weights_of(panel), target_of(panel.people, channels)
    people, weights = panel.people[inside], weights[inside]
    effective = weights.sum() ** 2 / (weights**2).sum()
    for name in channels["networks"]:
        true = panel.truth[f"reach.{name}"]
        assert abs(reached(people, weights, (name,)) - true) < 2 * np.sqrt(true * (1 - true) / effective), name
    shown = sorted(channels["networks"], key=lambda name: reached(people, weights, (name,)), reverse=True)
    assert shown[:2] == ["facebook", "youtube"], "raked, the largest audiences are the population's"
    raw = {name: reached(people, np.ones(len(people)), (name,)) for name in channels["networks"]}
    assert raw["instagram"] - panel.truth["reach.instagram"] > 0.03
    assert max(raw, key=raw.__getitem__) == "instagram", "unweighted, the wrong network comes first"
    assert panel.truth["sets.1.reach"] == panel.truth["reach.facebook"]


def test_hours_do_not_quite_buy_the_best_pair(channels: dict[str, Any]) -> None:
    parameters = load_client(ROOT / "params" / "sample", ["channel_selection"])["channel_selection"]
    assert isinstance(parameters, ChannelSelection) and parameters.hours_available
    networks = pd.read_csv(SAMPLE / "networks.csv").set_index("network")
    spoken = networks.index[networks["mentions"] >= parameters.mentions_least]
    assert networks["mentions"].idxmax() == "whatsapp" and set(spoken) == {
        "whatsapp",
        "facebook",
        "instagram",
        "tiktok",
    }

    def hours(*pair: str) -> float:
        return (
            networks.loc[list(pair), "hours_good"].sum() + networks.loc[spoken.difference(pair), "hours_answer"].sum()
        )

    assert hours("instagram", "youtube") > hours("facebook", "instagram") == parameters.hours_available + 3
    assert hours("facebook", "tiktok") < parameters.hours_available > hours("facebook", "whatsapp")
    below = networks[networks["hours_now"].gt(0) & (networks["hours_now"] < networks["hours_minimum"])]
    assert list(below.index) == ["linkedin"]
    since = (pd.Timestamp(parameters.as_of) - pd.to_datetime(networks["last_post"])).dt.days
    assert list(since.index[since > parameters.dormant_days]) == ["x"]
    goals = pd.read_csv(SAMPLE / "goals.csv")
    assert goals["weight"].sum() == pytest.approx(1) and (goals["full"] > goals["zero"]).all()


def test_the_readers_find_in_the_audiences_files_what_was_planted(panel: Panel, channels: dict[str, Any]) -> None:
    from kesher.readers import DataRoot, read_margins, read_options, read_respondents

    root = DataRoot(SAMPLE)
    options = read_options(root, "audience_options.csv")
    read = read_respondents(
        root, "audience.csv", group="audience", columns_spec="audience_columns.csv", options=options
    )
    assert read.source.format == "forms" and len(read.people) == channels["respondents"]
    question = read.questions["networks"]
    assert list(question.ticks) == [*channels["networks"], "none"] and question.exclusive == {"none"}
    planted = panel.people.filter(like="networks.")
    assert (question.ticks.to_numpy() == planted.to_numpy()).all()
    offline = ~planted.any(axis=1).to_numpy()
    assert (question.answered == ~offline).all() and 10 < offline.sum() < 40
    assert question.base("asked").all(), "whoever is not online is a non-user, not missing"
    for name in channels["segments"]:
        assert (read.people[f"segment.{name}"] == panel.people[name]).all()
    assert read_margins(root, "audience_margins.csv", options) == {
        name: pytest.approx(shares) for name, shares in panel.margins.items()
    }


def test_the_exports_have_the_shapes_of_the_networks(channels: dict[str, Any]) -> None:
    from openpyxl import load_workbook

    def rows(name: str) -> list[list[str]]:
        return list(csv.reader((SAMPLE / "exports" / name).read_bytes().decode("utf-8-sig").splitlines()))

    days = channels["exports"]["days"]
    assert rows("facebook_content.csv")[0][:2] == ["Post ID", "Page ID"]
    assert rows("instagram_content.csv")[0][:2] == ["Post ID", "Account ID"]
    assert len(rows("Overview.csv")) == days + 1 and not any(
        re.search(r"\d{4}", row[0]) for row in rows("Overview.csv")
    )
    _, total, *videos = rows("Table data.csv")
    assert total[0] == "Total" and int(total[4]) == sum(int(video[4]) for video in videos)
    header, *x = rows("x_by_day.csv")
    assert len(header) == 38 and len(x) == days and {cell for row in x for cell in row[20:]} == {"-"}
    sheet = list(load_workbook(SAMPLE / "exports" / "linkedin_updates.xlsx").active.values)
    assert len(sheet) == days + 2 and sheet[0][1] is None and sheet[1][0] == "Date" and len(sheet[1]) == 20
    last = pd.read_csv(SAMPLE / "networks.csv").set_index("network")["last_post"]
    for name, network in (("facebook_content.csv", "facebook"), ("instagram_content.csv", "instagram")):
        posts = pd.read_csv(SAMPLE / "exports" / name)
        assert 30 <= len(posts) <= 120 and (posts["Reach"] <= posts["Views"]).all()
        published = pd.to_datetime(posts["Publish time"], format="%m/%d/%Y %H:%M")
        assert f"{published.max():%Y-%m-%d}" == last[network]
    assert sum((SAMPLE / name).stat().st_size for name in CHANNELS) < 400_000


def test_the_channels_parameters_are_valid_and_name_files_that_are_there() -> None:
    folder = ROOT / "params" / "sample"
    found = load_client(folder, ["channel_selection"])["channel_selection"]
    assert isinstance(found, ChannelSelection) and found.illustrative and found.base == "asked"
    files = {value for value in found.model_dump().values() if isinstance(value, str) and value.endswith(".csv")}
    assert files == {*AUDIENCE, *NETWORK_TABLES}
    assert found.exports_folder == "exports"
    assert sorted(path.name for path in (folder / found.data_root / "exports").iterdir()) == sorted(EXPORTS)
    planted = yaml.safe_load((SAMPLE / "channels.yml").read_text(encoding="utf-8"))
    told = {f"{question}={'|'.join(levels)}" for question, levels in planted["target"].items()}
    assert told == set(found.target) and planted["exports"]["first_day"] == found.exports_from
