"""What every leg of every call left behind: written once, read by whoever bills or looks."""
