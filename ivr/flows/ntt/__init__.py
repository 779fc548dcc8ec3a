"""Services of an NTT East or West line."""
