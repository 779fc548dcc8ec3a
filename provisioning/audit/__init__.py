"""Who changed which setting, when on both clocks, and from where."""
