"""Finished environments as files, for machines without network.

packing.py        to a file; unpacking.py: and back
packed.py         the format; relocating.py: paths in files
"""
