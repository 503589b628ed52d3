from __future__ import annotations

import pandas as pd

from colonnade.tables.source import RawTable, Source, content_hash, part_digest


def test_frame_without_a_source_gets_one_from_its_contents() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    source = Source.of(frame)
    assert (source.name, source.rows, source.columns, source.note) == ("table", 2, 2, "")
    assert source.sha256 == content_hash(frame.copy())
    assert source.describe() == f"table, 2 rows, sha256 {source.sha256[:12]}"


def test_a_frame_is_called_as_one_says_and_a_table_keeps_its_own_name() -> None:
    named = RawTable.of(pd.DataFrame({"a": [1]}), "shop.raw")
    assert named.source.describe().startswith("shop.raw, 1 rows, ")
    assert RawTable.of(named, "other") is named


def test_hash_follows_names_cells_and_their_order() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [[1], None]})
    hashes = {
        content_hash(frame),
        content_hash(frame.rename(columns={"a": "c"})),
        content_hash(frame.iloc[::-1]),
        content_hash(frame[["b", "a"]]),
        content_hash(frame.assign(b=[[2], None])),
    }
    assert len(hashes) == 5


def test_source_tells_a_sample_and_the_digest_of_its_file() -> None:
    frame, digest = pd.DataFrame({"a": [1]}), "0123456789abcdef"
    source = Source.of(frame, "t.csv", sha256=digest, note="synthetic sample")
    assert source.describe() == "t.csv (synthetic sample), 1 rows, sha256 0123456789ab"


def test_equal_test_rows_of_equal_data_have_one_digest() -> None:
    split = pd.DataFrame({"part": ["train", "validation", "test", "test"]})
    source = Source(name="t.csv", rows=4, columns=2, sha256="ab")
    digest = part_digest(source, split, "test")
    other = split.assign(part=["validation", "train", "test", "test"])
    assert part_digest(source, other, "test") == digest
    for changed in (
        part_digest(source.model_copy(update={"sha256": "cd"}), split, "test"),
        part_digest(source, split.assign(part=["test", "validation", "train", "test"]), "test"),
        part_digest(source, split.set_axis([0, 1, 2, 4]), "test"),
    ):
        assert changed != digest
