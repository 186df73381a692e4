import sklearn_deeplifft.attribution as attribution


def test_public_names_are_sorted_and_there():
    assert attribution.__all__ == sorted(set(attribution.__all__))
    assert all(hasattr(attribution, name) for name in attribution.__all__)


def test_nothing_public_is_left_out():
    public = {
        name
        for name, value in vars(attribution).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith("sklearn_deep")
    }
    constants = {name for name in attribution.__all__ if name.isupper()}  # these have no module
    assert public == set(attribution.__all__) - constants
