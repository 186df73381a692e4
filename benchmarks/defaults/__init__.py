"""The default ensembles of the selectors, beside one common to all."""
