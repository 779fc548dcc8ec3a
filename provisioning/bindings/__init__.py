"""Where registrations survive a restart."""
