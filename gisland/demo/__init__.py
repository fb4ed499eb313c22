"""An invented Vietnamese ward: its parcels, its people and the files a real ward would receive about them."""
