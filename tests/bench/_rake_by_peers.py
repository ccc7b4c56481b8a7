"""balance's and ipfn's raking of a stored table, timed in their own environment; called by raking.py."""

import json
import logging
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np
import pandas as pd
from balance import __version__
from balance.weighting_methods.rake import rake
from ipfn import ipfn

logging.disable(logging.CRITICAL)
RUNS = 3
stored = np.load("table.npz")
margins = json.load(open("margins.json"))
names, sizes = list(margins), [len(shares) for shares in margins.values()]
targets = [np.array(list(shares.values())) for shares in margins.values()]
targets = [target / target.sum() for target in targets]
table = pd.DataFrame({name: stored[name] for name in [*names, "weight"]})
texts = pd.DataFrame({name: np.array(list(margins[name]), dtype=object)[stored[name]] for name in names})


def by_balance():
    out = rake(texts, table["weight"], target_df=None, target_weights=None, target_margins=margins,
               target_margins_max_length=10_000, transformations=None)  # fmt: skip
    return out["weight"]


def by_array():
    cells = table.groupby(names)["weight"].sum().to_numpy().reshape(sizes)
    aggregates = [target * cells.sum() for target in targets]
    fitted = ipfn.ipfn(cells.copy(), aggregates, [[0], [1], [2], [3]], convergence_rate=1e-8).iteration()
    return table["weight"] * (fitted / cells)[tuple(stored[name] for name in names)]


def by_frame():
    cells = table.groupby(names, as_index=False)["weight"].sum()
    before = cells["weight"].copy()
    pairs = zip(names, targets)
    aggregates = [pd.Series(t * before.sum(), index=pd.RangeIndex(t.size, name=name)) for name, t in pairs]
    fitted = ipfn.ipfn(cells, aggregates, [[n] for n in names], weight_col="weight", convergence_rate=1e-8).iteration()
    factor = fitted.set_index(names)["weight"].to_numpy() / before.to_numpy()
    merged = table.merge(cells[names].assign(factor=factor), on=names, how="left")
    return merged["weight"] * merged["factor"]


for at, (name, way) in enumerate(
    {"ipfn 1.4.4, array": by_array, "ipfn 1.4.4, data frame": by_frame, f"balance {__version__}": by_balance}.items()
):
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        weights = way()
        seconds.append(time.perf_counter() - began)
    np.save(f"weights{at}.npy", np.asarray(weights, dtype=float))
    print(f"{name}\t{min(seconds)}")
