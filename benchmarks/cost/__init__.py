"""Cost of default fits, beside a random forest's."""
