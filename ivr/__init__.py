"""Telephony: from datagrams to call flows."""
