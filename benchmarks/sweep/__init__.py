"""Grids over numbers of features with ``memory=``."""
