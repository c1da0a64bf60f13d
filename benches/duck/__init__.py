"""One night of a bidui pipeline in DuckDB and Python, as a yardstick; see ../README.md."""
