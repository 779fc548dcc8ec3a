"""What the network says: texts, readings and rendered audio."""
