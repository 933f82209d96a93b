"""HL7 v2: orders come in and signed reports go out, over MLLP."""
