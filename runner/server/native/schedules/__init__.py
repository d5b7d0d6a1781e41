"""Schedules, for administrators.

reading.py    schedules, what became of their times, which come; calendar.py: all of them in some days
changing.py   pause, skip, run now, backfill; shapes.py: requests and answers
"""
