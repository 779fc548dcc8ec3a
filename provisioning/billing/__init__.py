"""What a call costs, who pays for it, and why."""
