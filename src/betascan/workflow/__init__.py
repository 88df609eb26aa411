"""The whole configuration, the plan of a run, and the wrapper around a job."""
