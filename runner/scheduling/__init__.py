"""Runs that start by the clock.

times.py        when: cron expressions, intervals, zones, jitter
deciding.py     what a tick makes of the times that have come: fire, skip, miss
ticker.py  serving.py    `runner scheduler`: a tick a second, a process for each firing
executing.py  watching.py  ending.py   that process: `runner run`, watched; its end recorded
alone.py        `runner schedule fire`: the same for one schedule, by the clock of cron or systemd
commands.py     the command lines of both
asking.py       what people ask of one: pause, skip, run now, backfill; answering.py: the same for a server
defining.py     a definition checked before it is kept
retrying.py     why it failed, and whether and when it is tried again
conditions.py   whether code or data are others than at the last success
hooks.py        who is told how it ended
exporting/      the same schedule, fired by systemd, cron, Kubernetes or GitHub

The rows are in `runner.tracking.schedules`. How firings go through several schedulers, kills and outages:

    schedule ─tick─► waiting ─claim─► claimed ─start─► running ─► succeeded | failed | stopped
                     │    ▲              │ (scheduler died)  │
                     │    └──────────────┘◄──── retry ───────┘ (failed, or its process died)
                     └► skipped | missed
"""
