"""Which networks: the audience on them, the best sets of them, what they need and what they bring."""
