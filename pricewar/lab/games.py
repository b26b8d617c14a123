"""The published games, by the name they have on the command line."""

from __future__ import annotations

from importlib import import_module

from pricewar.base.errors import bad_input

from .settings import Game, Settings

GAMES = {
    "calvano": "Q-learning firms in a logit market (Calvano et al. 2020)",
    "klein": "Q-learning firms that move in turn (Klein 2021)",
    "maskin-tirole": "Markov-perfect price cycles and focal prices (Maskin and Tirole 1988)",
    "green-porter": "Price wars on the path of play under unseen demand (Green and Porter 1984)",
    "rotemberg-saloner": "Price wars in booms (Rotemberg and Saloner 1986)",
    "asker": "Synchronous and asynchronous learning (Asker, Fershtman and Pakes 2024)",
    "waltman-kaymak": "Q-learning firms that choose quantities (Waltman and Kaymak 2008)",
    "edgeworth": "Mixed prices under capacity (Edgeworth; Kreps and Scheinkman 1983)",
}


def game(name: str) -> Game:
    """The `run` function of a game.

    Raises:
        InputError: no such game.
    """
    if not isinstance(name, str) or name not in GAMES:
        raise bad_input("lab", ("name of the game", name, ", ".join(GAMES)))
    run: Game = import_module(f"pricewar.lab.{name.replace('-', '_')}").run
    return run


def settings_of(name: str) -> type[Settings]:
    """The settings of a game: the class of its name in its module."""
    module = import_module(f"pricewar.lab.{name.replace('-', '_')}")
    found: type[Settings] = getattr(module, name.title().replace("-", ""))
    return found
