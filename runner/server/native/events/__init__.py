"""News of runs, metrics and output, for those who listen.

watcher.py    looks at what is watched, while somebody listens; news.py: what is new in it; topics.py: what can be
ring.py       the last events, for all listeners; stream.py: a listener; place.py: where it left off; reader.py: what it may read
"""
