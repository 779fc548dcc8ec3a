"""The laboratory's own HTTP routes, all under `/lab`."""
