"""The customer's own door: logins with a mailed code, sessions, and how guessing is slowed down."""
