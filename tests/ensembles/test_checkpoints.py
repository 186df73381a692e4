"""Checkpoints: a piece comes back exactly as it was saved, or not at all."""

import io
import itertools
import math
import os
import threading
import time
import warnings
import zipfile
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from string import ascii_lowercase

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp

from sklearn_deeplifft.ensembles import _checkpoints as module
from sklearn_deeplifft.ensembles._checkpoints import Checkpoints, key_of
from sklearn_deeplifft.exceptions import CheckpointWarning
from tests.processes import elsewhere, processes

NAME, KEY = "round-001-networks-000-016", key_of("data", 1)
PIECE = {
    "weights": np.arange(6.0).reshape(2, 3) / 7,
    "kept": np.array([True, False]),
    "loss": np.array(0.25),
    "none": np.zeros((0, 3), dtype=np.int32),
}
PLAIN = stnp.arrays(
    st.one_of(
        stnp.boolean_dtypes(),
        stnp.integer_dtypes(endianness="?"),
        stnp.unsigned_integer_dtypes(),
        stnp.floating_dtypes(sizes=(16, 32, 64), endianness="?"),
        stnp.complex_number_dtypes(sizes=(64, 128)),
        stnp.datetime64_dtypes(),
        stnp.unicode_string_dtypes(max_len=4),
        stnp.byte_string_dtypes(max_len=4),
    ),
    stnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def store(tmp_path):
    return Checkpoints(tmp_path / "runs" / "first")


@pytest.fixture
def saved(store):
    store.save(NAME, KEY, PIECE)
    return store


def path_of(store):
    return store.folder / f"{NAME}.npz"


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for label, array in expected.items():
        assert type(found[label]) is np.ndarray
        assert found[label].dtype == array.dtype
        assert found[label].shape == array.shape
        assert found[label].tobytes() == array.tobytes()


def assert_whole_or_nothing(store):
    """Whatever happened to the file, no other arrays come back; return whether they came."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = store.load(NAME, KEY)
    if found is None:
        [warning] = caught
        assert warning.category is CheckpointWarning
        assert f"checkpoint {path_of(store)} is damaged" in str(warning.message)
        assert "computed again and the file replaced" in str(warning.message)
    else:
        assert caught == []
        assert_same(found, PIECE)
    return found is not None


def test_a_piece_comes_back_as_it_was(saved):
    assert_same(saved.load(NAME, KEY), PIECE)
    assert [p.name for p in saved.folder.iterdir()] == [f"{NAME}.npz"]


@pytest.mark.slow
@given(pieces=st.dictionaries(st.text(max_size=5), PLAIN, max_size=3))
def test_any_plain_array_comes_back(tmp_path_factory, pieces):
    store = Checkpoints(tmp_path_factory.mktemp("any"))
    store.save(NAME, KEY, pieces)
    assert_same(store.load(NAME, KEY), pieces)


def test_names_that_savez_keeps_for_itself_are_free(store):
    names = ["file", "allow_pickle", "args", "arr_0", "arr_1", "x", "x.npy", "a/b", "", "\0"]
    piece = {name: np.array(i) for i, name in enumerate(names)}
    store.save(NAME, KEY, piece)
    assert_same(store.load(NAME, KEY), piece)


def test_memory_order_comes_back(store):
    array = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    store.save(NAME, KEY, {"a": array, "b": array[::-1, ::2]})
    found = store.load(NAME, KEY)
    assert_same(found, {"a": array, "b": array[::-1, ::2]})
    assert found["a"].flags.f_contiguous
    assert found["a"].flags.writeable


def test_a_later_save_replaces_an_earlier_one(saved):
    saved.save(NAME, KEY, {"a": np.ones(2)})
    assert_same(saved.load(NAME, KEY), {"a": np.ones(2)})


def test_scalars_are_arrays_without_axes(store):
    store.save(NAME, KEY, {"loss": np.float32(0.5)})
    assert_same(store.load(NAME, KEY), {"loss": np.array(0.5, dtype=np.float32)})


@pytest.mark.parametrize(
    "unfit",
    [
        np.array([None]),
        np.ma.array([1.0]),
        np.ones(1, dtype="i1,f8"),
        np.ones(1, np.longdouble),
        [1.0],
    ],
    ids=["object", "masked", "structured", "long double", "list"],
)
def test_only_plain_arrays_are_kept(saved, unfit):
    with pytest.raises(TypeError, match=r"cannot keep \['b'\]: convert to arrays of numbers"):
        saved.save(NAME, KEY, {"a": np.ones(2), "b": unfit})
    assert_same(saved.load(NAME, KEY), PIECE)


def test_the_folder_is_made_with_the_first_piece(tmp_path):
    store = Checkpoints(str(tmp_path / "a" / "b"))
    assert store.load(NAME, KEY) is None
    assert list(tmp_path.iterdir()) == []
    store.save(NAME, KEY, PIECE)
    assert_same(Checkpoints(tmp_path / "a" / "b").load(NAME, KEY), PIECE)


def test_the_folder_stays_the_same_when_the_process_moves(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Checkpoints("runs")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.save(NAME, KEY, PIECE)
    assert (tmp_path / "runs" / f"{NAME}.npz").is_file()


@pytest.mark.parametrize("below", ["", "deeper"])
@pytest.mark.parametrize("dangling", [False, True])
def test_a_file_is_no_folder(tmp_path, below, dangling):
    taken = tmp_path / "taken"
    if dangling:
        taken.symlink_to(tmp_path / "nowhere")
    else:
        taken.write_text("")
    with pytest.raises(NotADirectoryError, match=r"taken is not a folder\. Use another"):
        Checkpoints(taken / below)


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_folder_must_be_writable(tmp_path, monkeypatch, below):
    # Asked, not tried: the superuser may write anywhere, and tests may run as one.
    monkeypatch.setattr(os, "access", lambda path, mode: path != tmp_path)
    with pytest.raises(PermissionError, match=r"is not a writable folder\. Use another"):
        Checkpoints(tmp_path / below)


def test_a_file_that_may_not_be_read_is_not_called_damaged(saved, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError("not yours")

    monkeypatch.setattr(module, "opened", refuse)
    with pytest.raises(PermissionError, match="not yours"):
        saved.load(NAME, KEY)
    monkeypatch.undo()
    monkeypatch.setattr(np, "load", refuse)
    with pytest.raises(PermissionError, match="not yours"):
        saved.load(NAME, KEY)


def test_a_place_that_is_taken_is_told_before_the_work(store):
    path_of(store).mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        store.load(NAME, KEY)


def test_a_foreign_piece_is_told_and_replaced(saved):
    other = key_of("data", 2)
    with pytest.warns(CheckpointWarning) as caught:
        assert saved.load(NAME, other) is None
    [warning] = caught
    assert f"checkpoint {path_of(saved)} is foreign" in str(warning.message)
    assert "another checkpoint_dir" in str(warning.message)
    assert "computed again and the file replaced" in str(warning.message)
    assert warning.filename == __file__
    saved.save(NAME, other, PIECE)
    assert_same(saved.load(NAME, other), PIECE)


def test_a_file_cut_anywhere_is_damaged(saved):
    whole = path_of(saved).read_bytes()
    for length in range(len(whole)):
        path_of(saved).write_bytes(whole[:length])
        assert not assert_whole_or_nothing(saved), length


@pytest.mark.slow
@pytest.mark.parametrize("flip", [0x01, 0x08, 0x80, 0xFF])
def test_a_changed_byte_never_gives_other_arrays(saved, flip):
    whole = path_of(saved).read_bytes()
    came = []
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= flip
        path_of(saved).write_bytes(changed)
        if assert_whole_or_nothing(saved):
            came.append(position)
    # Some bytes about the archive's members, such as dates, are read by nobody; all others count.
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        for content in map(archive.read, archive.namelist()):
            start = whole.index(content)
            assert not set(came) & set(range(start, start + len(content)))
    assert len(came) < 80 * len(archive.namelist())


@pytest.mark.slow
@given(data=st.data())
def test_a_scrambled_file_never_gives_other_arrays(tmp_path_factory, data):
    store = Checkpoints(tmp_path_factory.mktemp("scrambled"))
    store.save(NAME, KEY, PIECE)
    content = bytearray(path_of(store).read_bytes())
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, len(content)))
    content[start:stop] = data.draw(st.binary(max_size=64))
    path_of(store).write_bytes(content)
    assert_whole_or_nothing(store)


def test_a_damaged_shape_does_not_ask_for_memory(saved):
    whole = path_of(saved).read_bytes()
    huge = b"(2, 3000000000000), }"
    start = whole.index(b"(2, 3), }")
    path_of(saved).write_bytes(whole[:start] + huge + whole[start + len(huge) :])
    with pytest.warns(CheckpointWarning, match=r"the checksum of arr_1\.npy does not fit"):
        assert saved.load(NAME, KEY) is None


def test_arrays_of_more_than_the_file_holds_are_refused(saved):
    content = io.BytesIO()
    np.savez_compressed(content, np.zeros(1_000_000))
    path_of(saved).write_bytes(content.getvalue())
    with pytest.warns(CheckpointWarning, match=r"it declares 8,000,128 bytes, and the file has"):
        assert saved.load(NAME, KEY) is None


def test_shapes_of_more_than_the_file_holds_are_refused(saved):
    content = io.BytesIO()
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        array, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 10**12)}
    )
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("arr_0.npy", array.getvalue())
    path_of(saved).write_bytes(content.getvalue())
    with pytest.warns(CheckpointWarning, match=r"it declares 8,0[0,]+ bytes, and the file has"):
        assert saved.load(NAME, KEY) is None


def test_a_pipe_is_not_waited_for(saved):
    path_of(saved).unlink()
    os.mkfifo(path_of(saved))
    with pytest.raises(OSError, match=r"npz' is a pipe, and a file is needed"):
        saved.load(NAME, KEY)


def test_a_path_that_is_too_long_is_refused(tmp_path):
    store = Checkpoints(tmp_path.joinpath(*["x" * 200] * 30))
    with pytest.raises(OSError, match="is too long for a path of this system"):
        store.load(NAME, KEY)


def rewritten(store, change):
    """Rewrite the file with a change that no checksum of the archive can see."""
    with np.load(path_of(store)) as npz:
        content = {name: npz[name] for name in npz.files}
    change(content)
    np.savez(path_of(store), **content)


def swap(content):
    content["arr_1"], content["arr_3"] = content["arr_3"], content["arr_1"]


def reshape(content):
    content["arr_1"] = content["arr_1"].reshape(3, 2)


def retype(content):
    content["arr_2"] = content["arr_2"].view(np.uint8)


def rename(content):
    content["arr_0"] = np.array(str(content["arr_0"]).replace("weights", "Weights"))


def rekey(content):
    content["arr_0"] = np.array(str(content["arr_0"]).replace(KEY, key_of("data", 2)))


def drop(content):
    del content["arr_2"]


def drop_header(content):
    del content["arr_0"]


def add_one_ulp(content):
    content["arr_1"] = np.nextafter(content["arr_1"], np.inf)


@pytest.mark.parametrize(
    "change", [swap, reshape, retype, rename, rekey, drop, drop_header, add_one_ulp]
)
def test_a_whole_archive_with_other_content_is_damaged(saved, change):
    rewritten(saved, change)
    assert not assert_whole_or_nothing(saved)


class Trap:
    """Unpickling it would make a folder."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def test_pickles_are_never_opened(saved, tmp_path):
    trap = np.array([Trap(str(tmp_path / "sprung"))], dtype=object)
    for member in ("arr_0", "arr_1"):
        rewritten(saved, lambda content, member=member: content.update({member: trap}))
        assert not assert_whole_or_nothing(saved)
        saved.save(NAME, KEY, PIECE)
    with open(path_of(saved), "wb") as file:
        np.save(file, trap)
    assert not assert_whole_or_nothing(saved)
    path_of(saved).write_bytes(trap.dumps())
    assert not assert_whole_or_nothing(saved)
    assert not (tmp_path / "sprung").exists()


def test_another_kind_of_file_is_damaged(saved):
    with open(path_of(saved), "wb") as file:
        np.save(file, np.ones(3))
    assert not assert_whole_or_nothing(saved)
    path_of(saved).write_text("no archive at all")
    assert not assert_whole_or_nothing(saved)


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize(("owner", "step"), [(np, "savez"), (os, "fsync"), (os, "replace")])
def test_a_failed_save_leaves_the_old_file_and_nothing_else(saved, monkeypatch, owner, step, error):
    def fail(target, *args):
        if step == "savez":
            target.write(b"half a")
        raise error

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(type(error)):
        saved.save(NAME, KEY, {"a": np.ones(2)})
    monkeypatch.undo()
    assert_same(saved.load(NAME, KEY), PIECE)
    assert list(saved.folder.iterdir()) == [path_of(saved)]


def test_threads_save_one_name_at_once(store):
    pieces = {key_of(i): {"a": np.full(20_000, float(i))} for i in range(8)}
    start = threading.Barrier(len(pieces))

    def save(key):
        start.wait()
        for _ in range(10):
            store.save(NAME, key, pieces[key])

    with ThreadPoolExecutor(len(pieces)) as pool:
        list(pool.map(save, pieces))
    assert list(store.folder.iterdir()) == [path_of(store)]
    with np.load(path_of(store)) as npz:
        [key] = [key for key in pieces if key in str(npz["arr_0"])]
    assert_same(store.load(NAME, key), pieces[key])


@contextmanager
def running(function, *args):
    """A process that does nothing else, killed in the end."""
    child = processes().Process(target=function, args=args)
    child.start()
    try:
        yield child
    finally:
        child.kill()
        child.join()


def save_half(folder, begun):
    """Write half of a file, say so, and go no further."""
    warnings.simplefilter("error")
    whole = np.savez

    def savez(file, *arrays):
        whole(file, *arrays)
        file.truncate(file.tell() // 2)
        file.flush()
        begun.set()
        time.sleep(600)

    np.savez = savez
    Checkpoints(folder).save(NAME, KEY, {"a": np.ones(1000)})


@pytest.mark.slow
def test_a_process_killed_while_it_saves_harms_nothing(saved):
    begun = processes().Event()
    with running(save_half, saved.folder, begun):
        assert begun.wait(60)
    assert_same(saved.load(NAME, KEY), PIECE)
    [leftover] = [p for p in saved.folder.iterdir() if p != path_of(saved)]
    assert leftover.suffix != ".npz"
    saved.save(NAME, KEY, {"a": np.ones(2)})
    assert_same(saved.load(NAME, KEY), {"a": np.ones(2)})


def save_on(folder, told):
    """Save a file again and again, and tell the number of each that is there."""
    warnings.simplefilter("error")
    for i in itertools.count():
        Checkpoints(folder).save(NAME, KEY, {"a": np.full(100_000, float(i))})
        told.send(i)


@pytest.mark.slow
def test_a_process_killed_at_any_moment_leaves_a_whole_file(store):
    said, told = processes().Pipe(duplex=False)
    with running(save_on, store.folder, told) as child:
        told.close()
        numbers = [said.recv() for _ in range(5)]
        for _ in range(20):  # a reader beside the writer
            assert len(set(store.load(NAME, KEY)["a"])) == 1
        time.sleep(0.0137)  # so that the kill does not follow a number that was told
        child.kill()
        with suppress(EOFError):
            while True:
                numbers.append(said.recv())
    [last] = set(store.load(NAME, KEY)["a"])
    assert last >= max(numbers) >= 4


@dataclass
class Settings:
    rate: float = 0.1
    sizes: tuple = (16, 8)


@dataclass
class OtherSettings:
    rate: float = 0.1
    sizes: tuple = (16, 8)


DIFFERENT = (
    [None, True, False, 0, 1, -1, 10**30, 0.0, -0.0, 1.0, math.nan, math.inf, 1j]
    + ["", "1", "None", "nan", b"", b"1"]
    + [[], [[]], [None], [1, 2], [12], [[1], 2], [[1, 2]], ["a", "b"], ["ab"], ["a, b"]]
    + [{}, {"a": 1}, {"a": 1.0}, {"a": {"b": 1}}, {"a": 1, "b": 1}, {1: "a"}, [["a", 1]]]
    + [Settings(), Settings(rate=0.2), OtherSettings(), {"rate": 0.1, "sizes": (16, 8)}]
    + [np.array(1), np.array([1]), np.array([[1]]), np.array([1.0]), np.array([True])]
    + [np.array([1], dtype) for dtype in (np.int32, np.uint8, "M8[D]", "M8[s]", "m8[s]", object)]
    + [np.array(["1"]), np.array([b"1"]), np.array(["1"], object), np.array([["1"]], object)]
    + [
        np.zeros(0),
        np.zeros((0, 2)),
        np.zeros((2, 0)),
        np.zeros(0, object),
        np.zeros((0, 2), object),
    ]
    + [np.datetime64(1, "ns"), np.timedelta64(1, "ns")]
)


def test_keys_of_different_values_differ():
    keys = [key_of(value) for value in DIFFERENT]
    assert len(set(keys)) == len(keys)
    assert key_of() not in keys
    assert key_of(1, 2) != key_of((1, 2))


def test_a_key_is_a_digest_in_hexadecimal():
    assert len(bytes.fromhex(KEY)) == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, (2,)), [1, [2]]),
        ({"a": 1, "b": 2}, OrderedDict(b=2, a=1)),
        (math.nan, float("nan")),
        (Settings(), Settings(0.1, [16, 8])),
        (np.array([1.0, np.nan]), np.array([1.0, np.nan])),
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.arange(60)[::-3], np.arange(60)[::-3].copy()),
        (np.array(["a", None], dtype=object), np.array(["a", None], dtype=object)),
        (np.int8(1), 1),
        (np.float32(0.5), 0.5),
        (np.complex64(1j), 1j),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        ({np.int64(1): 2}, {1: 2}),
    ],
)
def test_keys_of_equal_values_are_equal(one, other):
    assert key_of(one) == key_of(other)


def test_large_arrays_count_to_the_last_element():
    array = np.zeros((300, 301))
    before = key_of(array), key_of(array.T)
    array[-1, -1] = 1
    assert before[0] != key_of(array)
    assert before[1] != key_of(array.T)
    assert key_of(array.T) == key_of(array.T.copy())


@given(a=VALUES, b=VALUES)
def test_keys_are_equal_exactly_where_values_are(a, b):
    # repr tells types and the sign of zero, and every NaN is one to it.
    same = repr(in_order(a)) == repr(in_order(b))
    assert (key_of(a) == key_of(b)) == same
    assert key_of(a, b) == key_of(a, b)
    assert key_of(a, b) != key_of([a, b])
    assert (key_of(a, b) == key_of(b, a)) == same


def in_order(value):
    if isinstance(value, dict):
        return {name: in_order(value[name]) for name in sorted(value)}
    return [in_order(item) for item in value] if isinstance(value, list) else value


@given(array=PLAIN, data=st.data())
def test_every_element_of_an_array_counts(array, data):
    assert key_of(array) == key_of(array.copy(order="F"))
    assert key_of(array) != key_of(array[None])
    if array.size and array.itemsize:
        changed = np.ascontiguousarray(array).reshape(-1).copy()
        at = data.draw(st.integers(0, changed.nbytes - 1))
        changed.view(np.uint8)[at] ^= 1
        assert key_of(array) != key_of(changed.reshape(array.shape))


class Unknown:
    pass


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (Unknown(), "Unknown"),
        (Settings, "type"),
        ({1}, "set"),
        (range(3), "range"),
        (np.longdouble(1), "longdouble"),
        (np.ones(1, np.longdouble), "ndarray"),
        (np.ones(1, "i1,f8"), "ndarray"),
        (np.ma.array([1.0]), "MaskedArray"),
        (np.array([Unknown()]), "Unknown"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
@pytest.mark.parametrize("wrap", [lambda v: v, lambda v: [v], lambda v: {"a": v}, Settings])
def test_unknown_types_are_named(value, named, wrap):
    with pytest.raises(TypeError, match=rf"no key can be made of [\w.]*\b{named}: see key_of"):
        key_of(wrap(value))


def keys() -> tuple[list[str], str]:
    """The order of a set, and the key of what was written down in it."""
    order = {letter: ord(letter) for letter in frozenset(ascii_lowercase)}
    return list(order), key_of(order, 0.1, None, ("a", b"b"), np.arange(9.0), np.array(["a", None]))


@pytest.mark.slow
def test_keys_are_the_same_in_every_process():
    (order, key), (order_there, key_there) = keys(), elsewhere(keys)
    assert order != order_there
    assert key == key_there
