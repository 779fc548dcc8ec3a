"""Mail and letters to customers."""
