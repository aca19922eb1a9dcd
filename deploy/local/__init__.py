"""A whole chain on one machine: private servers and the demo."""
