"""The services, one short file each; a flow reads as the call sounds."""
