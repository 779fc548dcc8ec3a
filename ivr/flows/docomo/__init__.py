"""Services of a docomo line."""
