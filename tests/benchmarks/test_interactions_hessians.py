from benchmarks.interactions import hessians


def test_figures(monkeypatch):
    monkeypatch.setattr(hessians, "WIDTH", 20)
    monkeypatch.setattr(hessians, "HIDDEN", (9, 7))
    found = hessians.figures(quick=True)
    assert all(value > 0 for value in found.values())
    assert set(found) == {
        "ih_seconds_per_row",
        "ih_seconds_per_row_eight",
        "ih_seconds_per_row_counts",
        "ih_completeness",
        "nid_seconds",
    }
    assert found["ih_completeness"] <= 1e-12
