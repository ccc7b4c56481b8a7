"""Does a loyalty programme pay: members, incremental effect, customer value, points, the programme's account."""
