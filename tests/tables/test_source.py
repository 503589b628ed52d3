from __future__ import annotations

import pandas as pd

from colonnade.tables.source import Source, content_hash, name_source


def test_frame_without_a_source_gets_one_from_its_contents() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    source = Source.of(frame)
    assert (source.name, source.rows, source.columns, source.note) == ("table", 2, 2, "")
    assert source.sha256 == content_hash(frame.copy())
    assert source.describe() == f"table, 2 rows, sha256 {source.sha256[:12]}"


def test_frame_without_a_name_is_given_one_and_another_keeps_its_own() -> None:
    frame = pd.DataFrame({"a": [1]})
    name_source(frame, "shop.raw")
    name_source(frame, "other")
    assert Source.of(frame).describe().startswith("shop.raw, 1 rows, ")


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


def test_source_travels_with_the_frame_and_names_samples() -> None:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["source"] = {
        "name": "t.csv",
        "rows": 1,
        "columns": 1,
        "sha256": "0123456789abcdef",
        "note": "synthetic sample",
    }
    assert Source.of(frame.copy()).describe() == (
        "t.csv (synthetic sample), 1 rows, sha256 0123456789ab"
    )
