"""The incremental effect against published answers and against other people's programs."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.loyalty.effect import bound, cohorts, doubly, experiment, rollout, staggered
from kesher.readers.ledger.summaries import Panel

HERE = Path(__file__).parent
REAL = HERE.parent / ".." / "shared" / "real" / "loyalty"  # downloaded studies, where there are any
PUBLISHED = pd.read_csv(HERE / "published" / "mpdta_effects.csv", keep_default_na=False)
CELLS = {  # ATT(g, t) of R's did, never-treated controls
    (2004, 2004): -0.0105032,
    (2004, 2005): -0.0704232,
    (2004, 2006): -0.1372587,
    (2004, 2007): -0.1008114,
    (2006, 2006): -0.0045946,
    (2007, 2007): -0.0260544,
}
Floats = NDArray[np.float64]


def panel_of(value: Floats, joined: NDArray[np.int64], months: NDArray[np.int64]) -> Panel:
    n = len(value)
    return Panel(np.arange(n), months, value, np.ones(value.shape, np.int32), joined, np.zeros(n, np.int64))


@pytest.fixture(scope="module")
def counties() -> tuple[Panel, Floats]:
    path = REAL / "mpdta.csv"
    if not path.exists():
        pytest.skip("mpdta is not here")
    table = pd.read_csv(path)
    value = table.pivot(index="countyreal", columns="year", values="lemp")
    by = table.groupby("countyreal").first().loc[value.index]
    joined = by["first.treat"].replace(0, -1).to_numpy()
    return panel_of(value.to_numpy(), joined, value.columns.to_numpy()), by[["lpop"]].to_numpy()


def rolling(seed: int, n: int = 600, months: int = 14) -> Panel:
    """A simulated client whose members buy more from the month before they join."""
    rng = np.random.default_rng(seed)
    joined = rng.choice([-1, 5, 6, 8, 9, 12], n, p=[0.3, 0.2, 0.1, 0.15, 0.15, 0.1])
    event = np.arange(months) - joined[:, None]
    effect = np.where((joined[:, None] >= 0) & (event >= -1), 2 + 0.3 * event, 0.0)
    value = rng.lognormal(2, 0.6, (n, 1)) + rng.standard_t(4, (n, months)) * 3 + np.sin(np.arange(months)) + effect
    return panel_of(value, joined, np.arange(months))


def long(panel: Panel) -> pd.DataFrame:
    n, t = panel.value.shape
    return pd.DataFrame(
        {
            "unit": np.repeat(panel.customers, t),
            "month": np.tile(panel.months + 1, n),  # diff-diff takes 0 for never
            "joined": np.repeat(np.where(panel.joined < 0, 0, panel.joined + 1), t),
            "value": panel.value.ravel(),
        }
    )


def peer(table: pd.DataFrame, **options: object) -> object:
    from diff_diff import CallawaySantAnna

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return CallawaySantAnna(**options).fit(table, "value", "unit", "month", "joined", aggregate="all")


class TestMinimumWages:
    @pytest.mark.parametrize(
        "row", list(PUBLISHED.itertuples()), ids=lambda r: f"{r.controls}-{r.covariates}-{r.aggregation}"
    )
    def test_aggregates_and_their_standard_errors(self, counties: tuple[Panel, Floats], row) -> None:
        panel, population = counties
        found = cohorts.effects(panel, controls=row.controls, covariates=population if row.covariates else None)
        ours = getattr(staggered.aggregated(found, row.controls, pre_months=3, drop_before=0, first=0), row.aggregation)
        assert ours.value == pytest.approx(row.value, abs=0.6 * 10.0**-row.digits)
        assert ours.se == pytest.approx(row.se, abs=0.6 * 10.0**-row.se_digits)

    def test_every_month_of_every_cohort(self, counties: tuple[Panel, Floats]) -> None:
        found = cohorts.effects(counties[0], controls="never")
        cells = staggered.aggregated(found, "never", pre_months=3, drop_before=0, first=0).cells
        ours = cells.set_index(["joined", "month"])["value"]
        for cell, value in CELLS.items():
            assert ours[cell] == pytest.approx(value, abs=5.1e-8)
        assert len(ours) == 12


class TestBesideDiffDiff:
    @pytest.mark.parametrize("base", ["varying", "universal"])
    @pytest.mark.parametrize("before", [0, 1])
    @pytest.mark.parametrize(("ours", "theirs"), [("never", "never_treated"), ("not_yet_and_never", "not_yet_treated")])
    def test_staggered_joining_with_months_left_out_before(self, base, before: int, ours, theirs: str) -> None:
        panel = rolling(3)
        found = cohorts.effects(panel, controls=ours, drop_before=before)
        # diff-diff counts the months of anticipation as treated; the workbook leaves them out
        study = staggered.aggregated(found, ours, pre_months=3, drop_before=before, first=-before)
        other = peer(long(panel), control_group=theirs, anticipation=before, base_period=base)
        assert study.simple.value == pytest.approx(other.overall_att, abs=1e-10)
        assert study.simple.se == pytest.approx(other.overall_se, abs=1e-10)
        profile = study.profile.set_index("event_month")
        for event, row in other.event_study_effects.items():
            if event >= 0 or (base == "universal" and event < -1 - before):
                assert profile.loc[event, "value"] == pytest.approx(row["effect"], abs=1e-10)
                assert profile.loc[event, "se"] == pytest.approx(row["se"], abs=1e-10)
        for joined, row in other.group_effects.items():
            of = study.by_cohort.set_index("joined").loc[joined - 1]
            assert (of["value"], of["se"]) == pytest.approx((row["effect"], row["se"]), abs=1e-10)

    def test_two_periods_doubly_robust_to_six_decimals(self) -> None:
        rng = np.random.default_rng(5)
        x = rng.normal(size=(800, 3))
        treated = rng.random(800) < 1 / (1 + np.exp(0.8 - x @ [0.6, -0.3, 0.2]))
        first = x @ [1.0, 2.0, 0.5] + rng.normal(size=800)
        second = first + 0.5 + x @ [0.4, 0.1, -0.2] + treated * 1.5 + rng.standard_t(4, 800)
        ours = doubly.doubly_robust(second - first, treated, np.column_stack([np.ones(800), x]), np.ones(800))
        table = long(panel_of(np.column_stack([first, second]), np.where(treated, 1, -1), np.arange(2)))
        table[["a", "b", "c"]] = np.repeat(x, 2, axis=0)
        from diff_diff import CallawaySantAnna

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = CallawaySantAnna(pscore_trim=1e-9).fit(
                table, "value", "unit", "month", "joined", covariates=["a", "b", "c"]
            )
        # ours divides the controls' weights by their sum, as R's DRDID does; diff-diff by the number of members
        rest = second - first - ours.outcome
        by_members = rest[treated].mean() - ours.odds @ rest / treated.sum()
        assert by_members == pytest.approx(theirs.overall_att, abs=5e-7)
        assert ours.value == pytest.approx(rest[treated].mean() - np.average(rest, weights=ours.odds), abs=1e-12)
        assert ours.value == pytest.approx(theirs.overall_att, abs=2e-4)
        assert np.sqrt(ours.psi @ ours.psi) == pytest.approx(theirs.overall_se, rel=2e-3)
        # the improved estimator: balanced exactly, and so the same as weighting alone
        better = doubly.calibrated(
            second - first, treated, np.column_stack([np.ones(800), x]), np.ones(800), np.arange(800)
        )
        odds = better.odds[~treated] / better.odds.sum()
        assert odds @ x[~treated] == pytest.approx(x[treated].mean(axis=0), abs=1e-8)
        change = second - first
        assert better.value == pytest.approx(change[treated].mean() - odds @ change[~treated], abs=1e-8)
        assert better.value == pytest.approx(ours.value, abs=0.3 * theirs.overall_se)
        design = np.column_stack([np.ones(800), x])[~treated] * np.sqrt(odds)[:, None]
        lever = np.diag(design @ np.linalg.inv(design.T @ design) @ design.T)
        left = odds * (change - better.outcome)[~treated] / np.sqrt(1 - lever)
        assert better.psi[~treated] == pytest.approx(-left, abs=1e-9)

    def test_our_bound_holds_theirs(self) -> None:
        from diff_diff import HonestDiD

        panel = rolling(8)
        other = peer(long(panel), control_group="never_treated", base_period="universal")
        found = cohorts.effects(panel, controls="never")
        events, means = found.by(found.cells.event, np.ones_like(found.cells.event, bool))
        before = [a for e, a in zip(events, means, strict=True) if e < -1]
        after = [a for e, a in zip(events, means, strict=True) if e >= 0]
        whole = cohorts.Aggregate(*(np.mean([getattr(a, k) for a in after], axis=0) for k in ("cells", "sizes")))
        value, covariance = found.covariance([whole, *before])
        chain = staggered._chain(len(before))
        reach = float(np.mean([e + 1 for e in events if e >= 0]))
        ours = bound.relative_magnitudes(chain @ value, chain @ covariance @ chain.T, reach, "monthly_step")
        for m, low, high in ours.rows.itertuples(index=False):
            theirs = HonestDiD(method="relative_magnitude", M=m).fit(other)
            assert low <= theirs.ci_lb + 1e-9
            assert high >= theirs.ci_ub - 1e-9
            middle = value[0]
            assert theirs.ub - middle == pytest.approx(m * reach * ours.largest_pre, abs=1e-6)
            if m:  # what was seen before joining is uncertain too
                assert high - low > theirs.ci_ub - theirs.ci_lb + 0.1 * m
            if m == 0:
                assert (low, high) == pytest.approx((theirs.ci_lb, theirs.ci_ub), abs=1e-6)


def test_the_holdout_is_lins_regression() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    n, months = 500, 12
    level = rng.lognormal(3, 0.7, (n, 1))
    value = level + rng.standard_t(4, (n, months)) * 5
    treated = rng.random(n) < 0.7
    value[:, 6:] += treated[:, None] * (4 + 0.1 * level)
    panel = panel_of(value, np.full(n, -1), 2024 * 12 + np.arange(months))
    table = pd.DataFrame({"customer": np.arange(n), "treated": treated, "since": pd.Timestamp("2024-07-01")})
    study = experiment.study(panel, table.sample(frac=1, random_state=1), planned_share=0.3)
    x = value[:, :6].mean(axis=1)
    x = x - x.mean()
    design = np.column_stack([np.ones(n), treated, x, x * treated])
    fit = sm.OLS(value[:, 6:].mean(axis=1), design).fit(cov_type="HC2", use_t=True)
    assert study.itt.value == pytest.approx(fit.params[1], abs=1e-10)
    assert study.itt.se == pytest.approx(fit.bse[1], abs=1e-10)
    assert (study.itt.low, study.itt.high) == pytest.approx(tuple(fit.conf_int()[1]), abs=1e-8)
    assert study.itt.p == pytest.approx(fit.pvalues[1], abs=1e-10)
    assert study.itt.per == "customer_offered"
    assert study.raw.se > 2 * study.itt.se
    from scipy.stats import chisquare

    counts = np.array([(~treated).sum(), treated.sum()])
    assert study.ratio_p == pytest.approx(chisquare(counts, n * np.array([0.3, 0.7])).pvalue, abs=1e-12)


def test_proposition_99() -> None:
    path = REAL / "california_prop99.csv"
    if not path.exists():
        pytest.skip("Proposition 99 is not here")
    states = pd.read_csv(path, sep=";").pivot(index="State", columns="Year", values="PacksPerCapita")
    started = pd.Series({"California": 1989})
    study = rollout.study(states, started, first=0)
    assert study.effect.value == pytest.approx(-15.604, abs=5e-4)
    assert study.did == pytest.approx(-27.349, abs=5e-4)
    assert study.effect.low < -15.6 < study.effect.high
    assert (study.effect.members, study.effect.controls) == (1, 38)
    assert study.regions["weight"].sum() == pytest.approx(1)
    bases = pd.DataFrame({"customers": 2.0, "members": 0.5}, index=states.index)
    scaled = rollout.study(2 * states, started, first=0, bases=bases)
    assert scaled.effect.per == "member"
    assert scaled.effect.value == pytest.approx(4 * study.effect.value)


def test_a_roll_out_without_the_extra_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    regions = pd.DataFrame(np.arange(240.0).reshape(10, 24), index=range(10), columns=range(24))
    monkeypatch.setitem(sys.modules, "diff_diff", None)
    with pytest.raises(NotIdentified, match="causal_missing"):
        rollout.study(regions, pd.Series({0: 12, 1: 12}))
    for started, code in (
        ({0: 12, 1: 14}, "several_starts"),
        ({0: 23}, "too_few_months"),
        ({0: 3}, "too_few_months"),
        (dict.fromkeys(range(6), 12), "too_few_regions"),
        ({0: -1}, "no_regions"),
    ):
        with pytest.raises(NotIdentified, match=code):
            rollout.study(regions, pd.Series(started))
