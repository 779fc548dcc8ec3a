"""The self-care portal: pages for customers."""
