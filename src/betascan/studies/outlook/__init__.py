"""What hirn2026 announces in its outlook (section VII): collapse spectra of nonlinear VAEs."""
