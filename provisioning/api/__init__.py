"""The office over HTTP: probes, metrics and `/v1`."""
