"""Parts of the commands `spar ab` and `spar report`."""
