"""The figures and the table of the DeepLIFFT paper, redone."""
