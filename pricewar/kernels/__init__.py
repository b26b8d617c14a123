"""kernels."""

from .place import ensure_place

ensure_place()
