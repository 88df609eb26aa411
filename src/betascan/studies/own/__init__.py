"""A table or raster of the user's own: which beta keeps which latents of it."""
