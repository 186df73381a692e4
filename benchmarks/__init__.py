"""Benchmarks: one folder each, run by ``python -m benchmarks.NAME``; see README.md."""
