"""The fields of an account's apps, as its people know them, and values shaped for them. Pure."""
