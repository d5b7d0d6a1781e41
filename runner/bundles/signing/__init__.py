"""Signatures: who says that a run went so. DSSE envelopes over in-toto Statements, with keys of the person's own.

keys         made, read, told apart by their ids        envelopes    signed and checked, as DSSE says
statements   what is signed of a run, and of a bundle    signing      a run or a bundle signed
"""
