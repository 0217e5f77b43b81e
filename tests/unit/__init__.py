"""Pure: no sockets, no files but temporary ones, seconds for all of them."""
