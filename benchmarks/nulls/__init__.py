"""False discoveries of ``n_features_to_select="auto"``."""
