"""Self-care in a browser (N050-05): log in, order 050 numbers, look after them."""
