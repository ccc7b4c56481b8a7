"""``python -m kesher.intake``: rewrites the files of data/questionnaire from their source."""

from kesher.intake.files import questionnaire_files
from kesher.intake.questionnaire import SOURCE

if __name__ == "__main__":
    for name, content in questionnaire_files().items():
        (SOURCE.parent / name).write_bytes(content)
