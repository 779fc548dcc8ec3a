"""Which number a line shows when it calls (特定番号通知)."""
