"""Regions at native resolution: how suspicious is a mass or a group of calcifications that somebody has marked."""
