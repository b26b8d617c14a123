"""Compiled loops of the laboratory: learning, play between any sellers, what a learned strategy is worth."""

from pricewar.kernels.place import ensure_place

ensure_place()
