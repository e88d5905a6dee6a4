"""params.yaml as typed values, checked before any work starts."""
