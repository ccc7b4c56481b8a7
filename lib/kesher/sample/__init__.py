"""Invents clients whose truth is known: a survey and a team's guesses, a loyalty programme and its till, networks.

``plant`` draws one survey, ``simulate_programme`` one programme and ``plant_panel`` one panel of people and networks
from what settings say (generator.yml, programme.yml and channels.yml in data/sample); ``python -m kesher.sample``
rewrites data/sample and data/sample_members.
"""

from kesher.sample.channel_files import write_channels
from kesher.sample.channels import Panel, Types, network_truth, plant_panel
from kesher.sample.files import write
from kesher.sample.planting import Planted, as_respondents, plant
from kesher.sample.population import Settings, truth
from kesher.sample.programme import Programme, simulate_programme
from kesher.sample.programme_files import write_programme

__all__ = [
    "Panel",
    "Planted",
    "Programme",
    "Settings",
    "Types",
    "as_respondents",
    "network_truth",
    "plant",
    "plant_panel",
    "simulate_programme",
    "truth",
    "write",
    "write_channels",
    "write_programme",
]
