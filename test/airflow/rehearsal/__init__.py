"""Starts the containers that a Pulumi state declares, as processes, and tries them."""
