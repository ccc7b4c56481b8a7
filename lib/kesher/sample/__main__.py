"""``python -m kesher.sample``: rewrites data/sample and data/sample_members from their settings."""

from pathlib import Path

import yaml

from kesher.sample import write, write_channels, write_programme

DATA = Path(__file__).resolve().parents[3] / "data"

if __name__ == "__main__":
    write(DATA / "sample", yaml.safe_load((DATA / "sample" / "generator.yml").read_text(encoding="utf-8")))
    for folder in (DATA / "sample", DATA / "sample_members"):
        write_programme(folder, yaml.safe_load((folder / "programme.yml").read_text(encoding="utf-8")))
    write_channels(DATA / "sample", yaml.safe_load((DATA / "sample" / "channels.yml").read_text(encoding="utf-8")))
