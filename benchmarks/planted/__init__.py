"""How many of the columns that matter short lists hold, where it is known which do."""
