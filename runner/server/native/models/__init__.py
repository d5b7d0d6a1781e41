"""What pages about registered models show.

calls.py        the calls
shapes.py       what is asked, and the answers          version_shapes.py   those about one version
listing.py      all models; one model with its versions; who made them
looking.py      one version: where it comes from        files.py       its files, and what they say
mlmodel.py      what its MLmodel says                     signature.py   columns and tensors
packaged.py     its example, card and requirements
moves.py        aliases that are moved, and why
"""
