"""Quality of short lists of features on real tables."""
