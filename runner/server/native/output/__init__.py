"""What runs printed.

calls.py      the calls; shapes.py: their requests and answers; lines.py: lines as JSON
files.py      where the output of a run is; received.py: what runs on other machines print
reading.py    from any place on; backwards.py: the lines before it; indexed.py: in which order bytes came
finding.py    a text or errors; locating.py: a line by number, time or byte; counting.py: how many lines there are
"""
