"""All that is known of Apptivo. Pure: no I/O, no clock, no threads."""
