"""pricewar: an open simulator of price wars between makers of differentiated products."""
