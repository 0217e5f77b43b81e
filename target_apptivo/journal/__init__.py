"""What each record became, remembered between runs."""
