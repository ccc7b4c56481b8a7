"""Every file that is made of the questionnaire's source, by name."""

from __future__ import annotations

from kesher.intake.forms import google_script, qualtrics_text
from kesher.intake.pages import questionnaire_page
from kesher.intake.questionnaire import as_csv, columns, guesses, options, questionnaire, questions, team
from kesher.words import LANGUAGES


def questionnaire_files() -> dict[str, bytes]:
    """The pages, the forms and the tables, in both languages; the same bytes on every machine."""
    found = {"questions.csv": as_csv(questions()), "options.csv": as_csv(options()), "guesses.csv": as_csv(guesses())}
    found |= {f"columns_{name}.csv": as_csv(columns(name)) for name in (*LANGUAGES, "qualtrics")}
    for form in (questionnaire(), team()):
        for language in LANGUAGES:
            names = {kind: f"{form.name}_{kind}_{language}" for kind in ("google", "qualtrics")}
            files = {
                "google": names["google"] + ".gs",
                "qualtrics": names["qualtrics"] + ".txt",
                "columns": f"columns_{language}.csv",
                "options": "options.csv",
                "guesses": "guesses.csv",
            }
            texts = {
                f"{form.name}_{language}.html": questionnaire_page(form, language, files),
                files["google"]: google_script(form, language),
                files["qualtrics"]: qualtrics_text(form, language),
            }
            found |= {name: text.encode() for name, text in texts.items()}
    return found
