"""What the scenarios in ../scenarios stand on: one module a concern."""
