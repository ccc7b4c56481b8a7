"""Before there is any file: the page that asks a client for data, and the questionnaire that makes its own mapping."""
