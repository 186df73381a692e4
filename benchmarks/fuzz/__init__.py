"""Random good and bad inputs: a right answer, or an error in our own words."""
