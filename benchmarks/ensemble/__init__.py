"""Training of many networks as one: speed, and rankings that agree."""
