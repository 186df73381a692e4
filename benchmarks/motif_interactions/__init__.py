"""What networks make of motifs that interact, and of the data that show it."""
