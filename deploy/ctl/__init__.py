"""Operates the service: one program for make, the container and the Debian package (deploy/appcorectl)."""
