"""One package a document: the steps from data to its tables and figures."""
