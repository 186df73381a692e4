"""Gradient correction on the published networks, in their first layer, and from the start."""
