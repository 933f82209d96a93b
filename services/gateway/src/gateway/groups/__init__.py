"""Groups of clinicians who share cases."""
