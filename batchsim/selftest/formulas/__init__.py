"""What theory says: each formula a function of its own, with its source. Times are in seconds, rates per second."""
