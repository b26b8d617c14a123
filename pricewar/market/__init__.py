"""The simulator: the mesa model, its agents, its buyers, its books, and the calibration that starts it.

`model` is the step of a month and names every part in the order in which it works.
"""
