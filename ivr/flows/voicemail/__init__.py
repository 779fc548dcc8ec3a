"""Voicemail (留守番電話), alike on every line of the carriers that have it (VM-01 to VM-05)."""
