"""Training on one accelerator, beside the CPU."""
