"""Lines and their SIP accounts."""
