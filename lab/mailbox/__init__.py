"""The laboratory's mailbox: what the catcher took, for programs and for people."""
