"""The settings: declared once, checked, and read into frozen values."""
