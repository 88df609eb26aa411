"""The whole configuration, the plan of a run, and the frame around a job."""
