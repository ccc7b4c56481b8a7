"""Invents a client whose truth is known: respondents, a team's sealed guesses, what a workbook should find.

``plant`` draws one survey from a population written down in settings (data/sample/generator.yml); the truth
is worked out from the population itself, not from the draw. ``python -m kesher.sample`` rewrites data/sample.
"""

from kesher.sample.files import write
from kesher.sample.planting import Planted, as_respondents, plant
from kesher.sample.population import Settings, truth

__all__ = ["Planted", "Settings", "as_respondents", "plant", "truth", "write"]
