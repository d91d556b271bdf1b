"""What a run leaves behind: typed, frozen columns and the vocabulary that their codes speak."""
