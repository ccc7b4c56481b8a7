"""The like-motivation survey: pure functions from tidy tables to plain numbers."""
