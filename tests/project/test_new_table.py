"""What `kedro table add` says and refuses before it writes a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.cli.table_yaml.new_table import add_table
from colonnade.errors import DataError


def add(folder: Path, text: str) -> list[str]:
    path = folder / "shop.csv"
    path.write_text(text, encoding="utf-8")
    return add_table(folder, "shop", path, "bought").text().splitlines()


def rows(n_rows: int, last: str = "{age},{bought}") -> str:
    rows = (last.format(age=k * 7 % 50, bought=k * k % 5 % 2) for k in range(n_rows))
    return "".join(f"{row},{row[-1]}\n" for row in rows)


def test_a_copy_of_the_target_is_said_first(tmp_path: Path) -> None:
    lines = add(tmp_path, f"age,bought,paid\n{rows(90)}")
    assert lines[0] == "Look at first"
    assert lines[1].startswith("! Column 'paid' predicts 'bought' almost alone")
    assert lines[2:4] == ["", "shop.csv: 90 rows, 3 columns"]
    assert lines[4].split() == ["column", "kind", "missing", "why", "such", "as"]
    assert lines[5].startswith("bought  classification")
    assert lines[5].index("classification") == lines[6].index("numeric")  # one below the other


def test_what_may_be_wrong_is_said_before_the_columns(tmp_path: Path) -> None:
    metals = ("Gold", "gold", "silver")
    body = "".join(
        f"{k + 1},{k * 37 % 61}%,{metals[k % 3]},Berlin,{'never' if k < 4 else k * k % 5 % 2}\n"
        for k in range(90)
    )
    lines = add(tmp_path, f"id,off,metal,city,bought\n{body}")
    first = lines[: lines.index("")]
    assert any("'never' (4 rows)" in line for line in first)
    assert any(line.startswith("! Left out of learning: id (") for line in first)
    assert any("city ('Berlin' in every row)" in line for line in first)
    assert any("'Gold' (30), 'gold' (30) look alike" in line for line in first)
    (off,) = (line for line in lines if line.startswith("off "))
    assert "whole numbers from 0 to 60 %" in off


def test_nothing_is_written_of_a_table_that_a_run_would_refuse(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        add(tmp_path, f"age,bought,paid\n1e39,1,1\n{rows(90)}")
    assert "shop: nothing was written, since the table cannot be trained on" in str(caught.value)
    assert "shop.csv: column 'age', line 2: '1e39' is infinite or beyond" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["shop.csv"]


def test_the_column_of_weights_is_written_as_one(tmp_path: Path) -> None:
    path = tmp_path / "shop.csv"
    path.write_text(f"age,bought,times\n{rows(90)}", encoding="utf-8")
    add_table(tmp_path, "shop", path, "bought", weight="times")
    written = (tmp_path / "parameters_shop.yml").read_text(encoding="utf-8")
    assert "times: {kind: weight}  # as given" in written
