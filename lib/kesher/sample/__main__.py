"""``python -m kesher.sample``: rewrites data/sample from its generator.yml."""

from pathlib import Path

import yaml

from kesher.sample import write

FOLDER = Path(__file__).resolve().parents[3] / "data" / "sample"

if __name__ == "__main__":
    write(FOLDER, yaml.safe_load((FOLDER / "generator.yml").read_text(encoding="utf-8")))
