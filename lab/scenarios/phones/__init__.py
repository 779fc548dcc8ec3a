"""Softphones of others on a leash: each starts, registers, dials, keys, records and stops.

Nothing in this folder needs more than the standard library, so that a container which holds a
softphone and Python can be a phone of a scenario.
"""
