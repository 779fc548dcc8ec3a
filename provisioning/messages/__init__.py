"""Messages between lines: kept until a phone has them, read by nobody else."""
