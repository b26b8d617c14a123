"""The classroom: a page on which a war starts under your hand, lessons, and a game for a class.

The server knows three things: settings that become a scenario (`settings`, `levers`, `plan`), lessons, and
games (`game`, `hall`). The browser draws; it computes nothing that `pricewar run` does not.
"""
