"""Compiled loops that a market and the demand engine share, and where their machine code is kept."""

from .place import ensure_place

ensure_place()
