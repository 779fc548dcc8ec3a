"""Who may ask the API, and what it answered to a request that may come again."""
