"""Training of image VAEs: minibatches, the loop, the jobs."""
