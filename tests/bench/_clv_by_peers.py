"""One peer's fit of the stored histories, timed in its own environment; called by value.py: NAME FILE."""

import json
import logging
import resource
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def by_lifetimes() -> Callable[..., list[float]]:
    from lifetimes import BetaGeoFitter

    def fit(x, t_x, T):
        found = BetaGeoFitter().fit(x, t_x, T).params_
        return [float(found[name]) for name in ("r", "alpha", "a", "b")]

    return fit


def by_pymc() -> Callable[..., list[float]]:
    from pymc_extras.prior import Prior
    from pymc_marketing import clv

    def fit(x, t_x, T):
        table = pd.DataFrame({"customer_id": np.arange(x.size), "frequency": x, "recency": t_x, "T": T})
        flat = {name: Prior("HalfFlat") for name in ("r", "alpha", "a", "b")}
        model = clv.BetaGeoModel(data=table, model_config=flat)
        model.fit(method="map", progressbar=False)
        found = model.idata.posterior
        return [float(found[name].mean()) for name in ("r", "alpha", "a", "b")]

    return fit


name, file = sys.argv[1:]
fit = {"lifetimes": by_lifetimes, "pymc": by_pymc}[name]()
stored = np.load(file)
parts = [stored[column] for column in ("x", "t_x", "T")]
fit(*(part[:2_400] for part in parts))  # compiled and imported before the clock starts
began, cpu = time.perf_counter(), time.process_time()
found = fit(*parts)
print(
    json.dumps(
        {
            "wall": time.perf_counter() - began,
            "cpu": time.process_time() - cpu,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "found": found,
        }
    )
)
