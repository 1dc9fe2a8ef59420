"""Steps on a Dask cluster: sent, done by its workers, and their files carried. Needs an extra."""
