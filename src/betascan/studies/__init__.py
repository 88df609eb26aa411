"""One package per document: the steps from data to its tables and figures."""
