"""Pieces that several benchmarks share: instruments, and real tables."""
