"""Arrays: readers of CEL and CDF files."""
