"""What `kedro table add` says and refuses before it writes a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from colonnade.cli.table_yaml.new_table import add_table
from colonnade.errors import DataError


def add(folder: Path, text: str) -> list[str]:
    path = folder / "shop.csv"
    path.write_text(text, encoding="utf-8")
    return add_table(folder, "shop", path, "bought").lines()


def rows(n_rows: int, last: str = "{age},{bought}") -> str:
    rows = (last.format(age=k * 7 % 50, bought=k * k % 5 % 2) for k in range(n_rows))
    return "".join(f"{row},{row[-1]}\n" for row in rows)


def test_a_copy_of_the_target_is_said_first(tmp_path: Path) -> None:
    lines = add(tmp_path, f"age,bought,paid\n{rows(90)}")
    assert lines[0].startswith("look: Column 'paid' predicts 'bought' almost alone")
    assert lines[1].startswith("bought: predicted by classification")


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
