"""The simulator: the mesa model, its agents, its buyers, its books, and the calibration that starts it.

`model` is the step of a month and names every part in the order in which it works.
"""

from pricewar.base.late import late

with late("networkx", "mesa.experimental"):  # mesa's spaces need them; a market has none
    import mesa as mesa
