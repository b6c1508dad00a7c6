"""Where rows end up: one file per database engine, and one contract that they all keep."""
