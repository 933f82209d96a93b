"""Performs work items of a UPS-RS server (DICOM PS3.18, 11; IHE AI Workflow for Imaging)."""
