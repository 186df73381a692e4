"""Tables as people have them, made by rule, and the reading that is expected of each."""
