"""Invents clients whose truth is known: a survey and a team's sealed guesses, a loyalty programme and its till.

``plant`` draws one survey and ``simulate_programme`` one programme from what settings say (generator.yml and
programme.yml in data/sample); ``python -m kesher.sample`` rewrites data/sample and data/sample_members.
"""

from kesher.sample.files import write
from kesher.sample.planting import Planted, as_respondents, plant
from kesher.sample.population import Settings, truth
from kesher.sample.programme import Programme, simulate_programme
from kesher.sample.programme_files import write_programme

__all__ = [
    "Planted",
    "Programme",
    "Settings",
    "as_respondents",
    "plant",
    "simulate_programme",
    "truth",
    "write",
    "write_programme",
]
