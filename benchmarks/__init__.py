"""What things cost, beside the peer; README.md says how to run them."""
