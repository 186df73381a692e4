"""Effects of interventions: speed, intervals, null features and known experiments."""
