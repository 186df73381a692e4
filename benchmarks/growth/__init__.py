"""Growth of time and memory with rows, columns, classes and networks."""
