"""Tables of runs: the bundled sets with their cards, and readers for a user's own."""
