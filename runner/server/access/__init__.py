"""Who may ask, and what for: guard.py stands before everything, the stores here let through what their caller may."""
