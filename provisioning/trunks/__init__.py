"""Trunks: SIP peers that stand for other carriers."""
