"""Which change turned the results of one run into those of another, found by experiments."""
