"""The file itself: it comes back whole, or is refused by name in one line."""

import json
import os
import random
import socket

import numpy as np
import pytest

from sklearn_deeplifft import SavedFileError
from sklearn_deeplifft._files import opened, write_whole
from sklearn_deeplifft.saving._arrays import array_from, block_of_array
from sklearn_deeplifft.saving._container import DIGITS, Block, read_blocks, write_blocks
from tests.saved import resigned

TEXT = json.dumps({"names": ["a", "ü"]})
BLOCKS = {
    "0": Block("F64", (2, 3), np.arange(6.0).tobytes()),
    "1": Block("U8", (0,), b""),
    "2": Block("I32", (), np.int32(-1).tobytes()),
}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "some.safetensors"
    write_blocks(path, TEXT, BLOCKS)
    return path


def refused(path, match):
    with pytest.raises(SavedFileError, match=match) as caught:
        read_blocks(path)
    said = str(caught.value)
    assert path.name in said
    assert "\n" not in said
    return said


def test_what_is_written_is_read(path):
    text, blocks = read_blocks(path)
    assert text == TEXT
    assert blocks == BLOCKS
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_any_reader_of_safetensors_would_find_the_blocks(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    assert length % 8 == 0
    header = json.loads(content[8 : 8 + length])
    assert all(isinstance(v, str) for v in header.pop("__metadata__").values())
    assert header["0"] == {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 48]}
    assert header["2"] == {"dtype": "I32", "shape": [], "data_offsets": [48, 52]}
    assert len(content) == 8 + length + 52


def test_every_bit_counts(path):
    content = path.read_bytes()
    rng = random.Random(0)
    for at in [*range(0, 40), *rng.sample(range(len(content)), 120), len(content) - 1]:
        path.write_bytes(content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :])
        refused(path, "is (not a file that save has written|truncated|damaged)")


def test_every_byte_that_is_missing_or_too_many_counts(path):
    content = path.read_bytes()
    for n in [*range(0, len(content), 7), len(content) - 1]:
        path.write_bytes(content[:n])
        refused(path, "is (not a file|truncated)")
    for more in (b"\0", b" ", content):
        path.write_bytes(content + more)
        refused(path, "is damaged")


def test_the_block_that_has_changed_is_named(path):
    content = path.read_bytes()
    path.write_bytes(content[:-1] + b"\0")
    refused(path, "is damaged: block '2' has changed")


FOREIGN = {
    "nothing": b"",
    "text": b"a,b\n1,2\n" * 50,
    "zip": b"PK\x03\x04" + b"\0" * 500,
    "pickle": b"\x80\x05\x95" + b"." * 500,
    "safetensors": (2**9).to_bytes(8, "little") + b'{"__metadata__":{"format":"pt"}'.ljust(2**9),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_foreign_files_are_refused(name, path):
    path.write_bytes(FOREIGN[name])
    refused(path, "is not a file that save has written")


def changed(path, old, new):
    content = path.read_bytes()
    assert content.count(old) == 1
    assert len(old) == len(new)
    path.write_bytes(resigned(content.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (b'"shape":[2,3]', b'"shape":[9,9]', "block '0' declares 648 bytes, and 52 are left"),
        (b'"shape":[2,3]', b'"shape":[1,6]', None),
        (b'"shape":[2,3]', b'"shape":[-2,]', "does not hold what it should"),
        (b'"shape":[2,3]', b'"shape":"2,3"', "block '0' has no shape"),
        (b'"dtype":"F64"', b'"dtype":"F99"', "does not hold what it should"),
        (b"[48,52]", b"[44,48]", "block '2' declares 4 bytes"),
        (b'"dtype":"I32"', b'"dtype":"I16"', "block '2' declares 2 bytes"),
        (b"[0,48]", b"[0,NaN]"[:6], "does not hold what it should"),
    ],
)
def test_signed_files_that_declare_otherwise_are_refused(old, new, match, path):
    changed(path, old, new)
    if match is None:
        assert read_blocks(path)[1]["0"].shape == (1, 6)
    else:
        refused(path, match)


def test_bytes_that_belong_to_no_block_are_refused_though_they_are_signed(path):
    path.write_bytes(resigned(path.read_bytes() + b"more"))
    refused(path, "is damaged: 4 bytes at its end belong to none")


def test_no_memory_is_given_for_what_is_only_declared(path):
    content = path.read_bytes()
    for length in (2**63, 2**40, len(content)):
        path.write_bytes(resigned(length.to_bytes(8, "little") + content[8:]))
        refused(path, r"its header should have [\d,]+ bytes, and the whole file has")
    nested = b"[" * 200_000
    header = content[8 : DIGITS.stop] + b'","text":' + nested
    path.write_bytes(resigned(len(header).to_bytes(8, "little") + header))
    refused(path, "does not hold what it should")


def test_pipes_folders_and_sockets_are_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(tmp_path / "socket"))
        for kind in ("pipe", "folder", "socket"):
            with pytest.raises(OSError, match=f"/{kind}' is a {kind}, and a file is needed"):
                opened(tmp_path / kind)
    with pytest.raises(OSError, match="'/dev/zero' is a device"):
        opened("/dev/zero")


@pytest.mark.parametrize("act", [opened, lambda path: write_whole(path, [b"x"])])
def test_paths_that_none_can_have_are_refused(act, tmp_path):
    with pytest.raises(ValueError, match="is no path of a file: it holds a null"):
        act("a\0b")
    with pytest.raises(OSError, match=r"'x+\.\.\.x+' is too long for a path of this system"):
        act("x" * 5000)
    with pytest.raises(FileNotFoundError, match="missing"):
        act(tmp_path / "missing" / "file")


def test_an_error_leaves_an_older_file_as_it_was(path, monkeypatch):
    before = path.read_bytes()

    def full(*args):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            write_blocks(path, "{}", {})
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


ARRAYS = [
    *(np.arange(6).reshape(2, 3).astype(dtype) for dtype in ("?", "i1", "<u2", ">i4", "f2", "f8")),
    *(np.array([0, 1], dtype) for dtype in ("c8", "c16", "M8[D]", "m8[ns]", "U3", ">U3", "S2")),
    np.array(1.5),
    np.array("text"),
    np.zeros((0, 3)),
    np.zeros((2, 0), "U0"),
    np.array([np.nan, -np.nan, np.inf, -0.0]),
    np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    np.arange(24.0).reshape(2, 3, 4).transpose(1, 2, 0),
    np.arange(24.0).reshape(4, 6)[::2, ::-3],
    np.broadcast_to(np.arange(3.0), (4, 3)),
]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda a: f"{a.dtype}{a.shape}")
def test_arrays_come_back_with_their_bits_and_order(array):
    found = array_from(*block_of_array(array))
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    assert found.tobytes() == array.tobytes()
    assert found.flags.writeable
    dense = array.flags.c_contiguous or array.flags.f_contiguous
    if dense or array.ndim == 3:
        assert found.strides == array.strides


@pytest.mark.parametrize(
    ("block", "beside"),
    [
        (Block("U8", (4,), b"\0" * 4), {"dtype": "<U3", "shape": [9]}),
        (Block("U8", (8,), b"\0" * 8), {"dtype": "|O", "shape": [1]}),
        (Block("U8", (8,), b"\0" * 8), {"dtype": "|V8", "shape": [1]}),
        (Block("F64", (1,), b"\0" * 8), {"shape": [2]}),
        (Block("BOOL", (1,), b"\x02"), {}),
    ],
)
def test_bytes_that_are_no_such_array_are_refused(block, beside):
    with pytest.raises(ValueError, match=r"array|neither true nor false"):
        array_from(block, beside)
