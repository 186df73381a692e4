"""Feature selection for scikit-learn that reads trained neural networks exactly."""

__version__ = "0.1.0"
__all__: list[str] = ["__version__"]
