"""The same requests to Weir and to nginx over the same files: what is asked, and which differences are meant."""
