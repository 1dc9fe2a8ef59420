"""The whole way, on a real PDS started on this machine."""
