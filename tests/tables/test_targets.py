"""Targets as codes, heads and names."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from sklearn_deeplifft.attribution import Head
from sklearn_deeplifft.networks import heads_for
from sklearn_deeplifft.tables import encode_known, encode_like, encode_target

LABELS = np.array(["b", "a", "c", "a"])
GRID = np.array([[1, 0, 2], [0, 1, 1], [2, 0, 0], [1, 1, 2]])

KINDS = {
    "binary": (np.array([3, 7, 7, 3]), "softmax", 2),
    "multiclass": (LABELS, "softmax", 3),
    "floats": (np.array([1.0, 0.0, 0.0, 1.0]), "softmax", 2),
    "multilabel": (GRID % 2, "sigmoid", 3),
    "sparse multilabel": (sp.csr_matrix(GRID % 2), "sigmoid", 3),
    "outputs": (GRID, "multisoftmax", 8),
    "outputs of floats": (GRID.astype(float), "multisoftmax", 8),
    "regression": (np.array([0.5, 1.5, 2.5, -1.0]), "regression", 1),
    "regressions": (GRID / 3, "regression", 3),
}

TASK = {kind: "regression" if "regression" in kind else "classification" for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_problem(kind):
    y, wanted, n_outputs = KINDS[kind]
    target = encode_target(y, TASK[kind])
    problem = target.problem(5)
    assert (problem.kind, problem.n_features, problem.n_outputs) == (wanted, 5, n_outputs)
    assert len(target.codes) == 4
    assert target.codes.ndim == 2


def test_classes_are_coded_in_sorted_order():
    target = encode_target(LABELS, "classification")
    assert target.classes.tolist() == ["a", "b", "c"]
    assert target.codes[:, 0].tolist() == [1, 0, 2, 0]
    assert target.row_names == ("a", "b", "c")


def test_outputs_are_coded_one_by_one():
    target = encode_target(np.array([["x", "u"], ["y", "v"], ["x", "w"]]), "classification")
    assert [c.tolist() for c in target.classes] == [["x", "y"], ["u", "v", "w"]]
    assert target.codes.tolist() == [[0, 0], [1, 1], [0, 2]]
    assert target.row_names == ((0, "x"), (0, "y"), (1, "u"), (1, "v"), (1, "w"))
    assert target.problem(3).sizes == (2, 3)


def test_outputs_of_different_types_are_coded_one_by_one():
    y = np.array([["x", 3], ["y", 5], ["x", 4]], dtype=object)
    target = encode_target(y, "classification")
    assert [c.tolist() for c in target.classes] == [["x", "y"], [3, 4, 5]]
    assert target.codes.tolist() == [[0, 0], [1, 2], [0, 1]]


@pytest.mark.parametrize(
    "y",
    [
        np.array([1, 2, 3]),
        np.array([1, 1, 0], dtype=np.uint8),
        np.array([True, False]),
        np.array([0.5, 1.5], dtype=np.float32),
        np.array([0.5, 1.5], dtype=">f8"),
        GRID,
        sp.csr_array(GRID),
    ],
)
def test_a_regression_takes_all_numbers(y):
    target = encode_target(y, "regression")
    assert (target.kind, target.classes, target.codes.dtype) == ("regression", None, np.float64)
    y = y.toarray() if sp.issparse(y) else y
    np.testing.assert_array_equal(target.codes, y.reshape(len(y), -1))


@pytest.mark.parametrize("dtype", [str, object])
def test_a_regression_refuses_text_even_of_numbers(dtype):
    with pytest.raises(ValueError, match=r"y holds .*'1.5'.*, and a regression needs numbers"):
        encode_target(np.array(["1.5", "2"], dtype=dtype), "regression")


@pytest.mark.parametrize("y", [[0.5, 1.2], [[0.5, 1.2], [1.0, 2.0]]])
def test_a_classification_refuses_fractions(y):
    with pytest.raises(ValueError, match=r"y looks continuous.*task='regression'"):
        encode_target(np.array(y), "classification")


@pytest.mark.parametrize("task", ["classification", "regression"])
def test_codes_are_not_the_users_array(task):
    """Torch warns of read-only arrays, and nothing may write into a target."""
    y = np.array([[0, 1], [1, 1]]) if task == "classification" else np.array([0.5, 1.5])
    y.flags.writeable = False
    codes = encode_target(y, task).codes
    assert codes.flags.writeable
    assert not np.shares_memory(codes, y)


def test_whole_numbers_are_what_the_caller_says():
    y = np.arange(60) % 30
    assert encode_target(y, "classification").n_classes == [30]
    assert encode_target(y, "regression").codes.shape == (60, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_new_targets_are_coded_as_the_fitted_ones(kind):
    y, _, _ = KINDS[kind]
    fitted = encode_target(y, TASK[kind])
    again = encode_like(y[::-1] if not sp.issparse(y) else y, fitted)
    expected = fitted.codes[::-1] if not sp.issparse(y) else fitted.codes
    np.testing.assert_array_equal(again.codes, expected)
    assert again.codes.dtype == fitted.codes.dtype


def test_a_part_of_the_classes_keeps_its_codes():
    fitted = encode_target(LABELS, "classification")
    assert encode_like(np.array(["c", "c"]), fitted).codes[:, 0].tolist() == [2, 2]


def test_known_classes_may_come_in_any_order():
    target = encode_known(np.array([7, 3, 7]), np.array([7, 3]))
    assert target.codes[:, 0].tolist() == [0, 1, 0]
    with pytest.raises(ValueError, match=r"does not know: \[5\]; its classes are \[7, 3\]"):
        encode_known(np.array([7, 5]), np.array([7, 3]))


@pytest.mark.parametrize(
    ("kind", "as_float", "shape", "dtype"),
    [
        ("multiclass", False, (4,), torch.int64),
        ("multiclass", True, (4,), torch.float32),
        ("multilabel", False, (4, 3), torch.float32),
        ("multiclass", None, (4,), torch.int64),
        ("floats", None, (4,), torch.float32),
        ("floats", False, (4,), torch.int64),
        ("outputs", False, (4, 3), torch.int64),
        ("outputs", None, (4, 3), torch.int64),
        ("outputs of floats", None, (4, 3), torch.float32),
        ("regressions", False, (4, 3), torch.float32),
    ],
)
def test_training_tensors(kind, as_float, shape, dtype):
    found = encode_target(KINDS[kind][0], TASK[kind]).training_tensor(as_float=as_float)
    assert (tuple(found.shape), found.dtype) == (shape, dtype)


@pytest.mark.parametrize("dtype", [np.int64, np.float32])
def test_labels_that_are_no_indices_are_handed_to_a_loss_that_takes_what_y_holds(dtype):
    target = encode_target(np.array([1, -1, 1], dtype=dtype), "classification")
    assert target.training_tensor(as_float=None).tolist() == [1, -1, 1]
    assert target.training_tensor(as_float=False).tolist() == [1, 0, 1]
    assert target.training_tensor(as_float=True).tolist() == [1, 0, 1]


def test_one_label_column_stays_a_column():
    target = encode_target(np.array([[1, 0], [0, 1]]), "classification")
    assert target.training_tensor(as_float=False).shape == (2, 2)


def test_strata():
    assert encode_target(LABELS, "classification").strata().tolist() == [1, 0, 2, 0]
    assert encode_target(np.linspace(0, 1, 3), "regression").strata().tolist() == [0, 0, 0]
    strata = encode_target(np.array([[1, 0], [0, 1], [1, 0]]), "classification").strata()
    assert strata[0] == strata[2] != strata[1]


@pytest.mark.parametrize(
    ("kind", "n_outputs", "heads"),
    [
        ("multiclass", 3, (Head("softmax", 0, 3),)),
        ("binary", 2, (Head("softmax", 0, 2),)),
        ("binary", 1, (Head("sigmoid", 0, 1),)),
        ("multilabel", 3, tuple(Head("sigmoid", i, i + 1) for i in range(3))),
        ("outputs", 8, (Head("softmax", 0, 3), Head("softmax", 3, 5), Head("softmax", 5, 8))),
        ("regressions", 3, (Head("identity", 0, 3),)),
    ],
)
def test_heads(kind, n_outputs, heads):
    assert heads_for(encode_target(KINDS[kind][0], TASK[kind]), n_outputs) == heads


@pytest.mark.parametrize(
    ("kind", "n_outputs", "message"),
    [
        ("multiclass", 1, "has 1 output, but y has 3 classes"),
        ("binary", 3, "has 3 outputs, but y has 2 classes"),
        ("multilabel", 2, "has 2 outputs, but y has 3 labels"),
        ("outputs", 3, "has 3 outputs, but y has 8 classes in all"),
        ("regression", 2, "has 2 outputs, but y has 1 target"),
    ],
)
def test_outputs_that_do_not_answer_the_target(kind, n_outputs, message):
    with pytest.raises(ValueError, match=message):
        heads_for(encode_target(KINDS[kind][0], TASK[kind]), n_outputs)
