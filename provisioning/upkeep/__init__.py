"""Lines and SIP accounts that the operator makes, changes and removes by hand."""
