"""Shares of networks at chance, and of others, that say so."""
