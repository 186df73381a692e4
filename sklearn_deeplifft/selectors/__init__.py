"""Floor 5: selectors read trained networks, rank features and cut them to a support."""
