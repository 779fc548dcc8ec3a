"""What a flow may do with a call."""
