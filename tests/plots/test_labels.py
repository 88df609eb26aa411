from betascan.plots import labels


def test_a_stand_in_is_called_one():
    assert labels.dataset("shapes3d", []) == "3D Shapes"
    assert labels.dataset("shapes3d", ["mpi3d_real", "shapes3d"]) == "3D Shapes stand-in"


def test_models_and_scores_have_different_names():
    for names in (labels.MODELS, labels.METRICS):
        assert len(set(names.values())) == len(names)


def test_settings_and_numbers():
    assert labels.setting(beta=4.0, lam=0.5) == r"$\beta$ = 4, $\lambda$ = 0.5"
    assert labels.number(-0.25, "+.1f") == "−0.2"
    assert labels.number(1e-7) == "1e−07"
    assert labels.level(32.0) == "32"
    assert labels.level("diag.") == "diag."
