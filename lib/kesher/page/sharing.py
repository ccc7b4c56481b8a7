"""Plotly's "Share chart" button uploads a chart's data: it is off in every figure, ours or a strategist's own."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from kesher.page.charts import CONFIG

RENDERERS = "plotly.io._renderers"


def _without_button(module: ModuleType) -> None:
    for name in module.renderers:
        renderer = module.renderers[name]
        if hasattr(renderer, "config"):
            renderer.config = (renderer.config or {}) | CONFIG


class _Watch(MetaPathFinder):
    """Waits for plotly's renderers, so that a workbook which draws nothing of its own never imports them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != RENDERERS:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and (loader := spec.loader) is not None:
            load = loader.exec_module

            def quietly(module: ModuleType) -> None:
                load(module)
                _without_button(module)

            loader.exec_module = quietly  # type: ignore[method-assign]
        return spec


def keep_charts_home() -> None:
    """From now on no figure of this process carries the button, whenever plotly is imported."""
    if RENDERERS in sys.modules:
        _without_button(sys.modules[RENDERERS])
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())
