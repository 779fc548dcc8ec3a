"""Carrier profiles: which codes a line may dial and what its carrier allows."""
