"""What a flow may do with a call: answer, speak, ask, confirm, hang up."""
