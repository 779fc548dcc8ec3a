"""Who changed what, when on both clocks, and from where."""
