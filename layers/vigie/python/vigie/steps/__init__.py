"""One function for each event, over the ports of `ports.py`."""
