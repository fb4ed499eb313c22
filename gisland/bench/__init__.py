"""Races: gisland beside other servers on the same features, the same boxes, the same machine, in one run.

Times of one machine mean little; the ratios of one run are what counts.
"""
