"""FHIR R4: a case as resources, for systems that read those."""
