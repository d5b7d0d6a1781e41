"""The environments that lie in the cache, seen by a person.

listing.py        what there is; collecting.py: what of it can go; shares.py: what takes how much room
explaining.py     why one is reused, or is not
verifying.py      what was changed in place; contents.py: what packages say of their files; notes.py: what none says
installed.py      which modules packages bring, and which others they require
"""
