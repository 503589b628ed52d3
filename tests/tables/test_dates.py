"""Dates that can be read in more than one way, and cells that only look like dates."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from colonnade.errors import DataError, ParameterError
from colonnade.tables.inference.infer import Inference, infer_table
from colonnade.tables.reading.text_table import read_text_table
from colonnade.tables.schema.dates import latest_year_of, not_after
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams


def table(cells: list[str]) -> pd.DataFrame:
    lines = "".join(f"{cell},{n * n % 7},{'pq'[n % 2]}\n" for n, cell in enumerate(cells))
    return read_text_table(f"a,b,y\n{lines}".encode(), "t.csv")[0]


def read(cells: list[str], **params: Any) -> list[str]:
    words = {"target": "y", "task": "classification"}
    words |= {"columns": {"a": {"kind": "datetime", **params}}}  # type: ignore[dict-item]
    dates = ingest_table(table(cells), SchemaParams.model_validate(words))["a"]
    return dates.dt.strftime("%Y-%m-%d").fillna("").tolist()


def test_years_of_two_digits_end_with_the_latest_that_the_yaml_names() -> None:
    cells = ["01/02/50", "29/02/68", "31/12/26"]
    keys = {"format": "%d/%m/%y"}
    assert read(cells, **keys, latest_year=2026) == ["1950-02-01", "1968-02-29", "2026-12-31"]
    assert read(cells, **keys, latest_year=2070) == ["2050-02-01", "2068-02-29", "2026-12-31"]


def test_day_that_the_century_does_not_have_is_no_date() -> None:
    dates = pd.Series(pd.to_datetime(["2000-02-29", "2000-02-28"])).astype("datetime64[us]")
    assert not_after(dates, 1999).isna().tolist() == [True, False]


def test_year_of_two_digits_in_the_future_is_refused_where_the_yaml_names_no_latest() -> None:
    with pytest.raises(DataError) as caught:
        read(["01/02/60", "01/02/99"], format="%d/%m/%y")
    assert "line 2: '01/02/60' lies in the future" in str(caught.value)
    assert "Set `schema.columns.a.latest_year`" in str(caught.value)
    with pytest.raises(ParameterError, match="two digits"):
        read(["01/02/60"], format="%d/%m/%Y", latest_year=2026)


@pytest.mark.parametrize(
    ("years", "latest", "doubtful"),
    [
        (range(50, 70), 1969, False),
        ([*range(30, 100), *range(16)], 2015, False),
        (range(20, 27), 2026, False),
        (range(24, 30), 2029, True),
    ],
)
def test_latest_year_is_this_one_or_before_unless_it_is_in_doubt(
    years: list[int], latest: int, doubtful: bool
) -> None:
    dates = pd.Series(pd.to_datetime([f"20{year:02d}-01-01" for year in years]))
    found, doubt = latest_year_of(dates, 2026)
    assert (found, bool(doubt)) == (latest, doubtful)


def guess(cells: list[str]) -> Inference:
    return infer_table(table(cells), "y")


def test_years_of_two_digits_are_reported_with_an_example_and_stand_in_the_yaml() -> None:
    cells = [f"{n % 28 + 1:02d}/0{n % 9 + 1}/{50 + n % 20}" for n in range(40)]
    found = guess(cells)
    column = found.schema()["columns"]["a"]
    assert column == {"kind": "datetime", "format": "%d/%m/%y", "latest_year": 1969}
    assert found.lines()[0] == (
        "note: a: 40 cells such as '01/01/50' -> 1950-01-01 (years of two digits, up to 1969: "
        "`latest_year`)"
    )
    assert max(read(cells, format="%d/%m/%y", latest_year=1969)) < "1970"


def test_time_without_a_zone_among_such_with_one_is_refused_with_its_line() -> None:
    cells = ["2024-01-01T10:00:00Z", "2024-01-02T10:00:00+02:00", "2024-01-03T10:00:00"]
    with pytest.raises(DataError) as caught:
        read(cells)
    assert "line 4: '2024-01-03T10:00:00' names no time zone" in str(caught.value)
    assert read(cells[:2]) == ["2024-01-01", "2024-01-02"]
    assert read(["2024-01-03", "2024-01-03T10:00:00"]) == ["2024-01-03", "2024-01-03"]


@pytest.mark.parametrize("nothing", ["0000-00-00", "9999-12-31", "0000-00-00 00:00:00"])
def test_dates_that_stand_for_none_are_missing_and_reported(nothing: str) -> None:
    cells = [f"2024-0{n % 9 + 1}-1{n % 7}" for n in range(20)] + [nothing] * 2
    found = guess(cells)
    assert found.schema()["columns"]["a"] == {
        "kind": "datetime",
        "missing": "median",
        "missing_words": [nothing],
    }
    assert found.lines()[0] == f"note: a: 2 cells '{nothing}' -> no value (`missing_words`)"
    assert read(cells, missing="median", missing_words=[nothing])[-2:] == ["", ""]


def test_times_of_day_are_moments_of_one_day() -> None:
    column = guess([f"{n % 24:02d}:{7 * n % 60:02d}" for n in range(40)]).schema()["columns"]["a"]
    assert column == {"kind": "datetime", "format": "%H:%M"}


def test_odd_cell_among_dates_is_asked_about_with_its_line() -> None:
    cells = [f"2024-0{n % 9 + 1}-1{n % 7}" for n in range(20)]
    for odd in ("unknown", "2024-02-31", "31/12/2024"):
        with pytest.raises(DataError) as caught:
            guess([*cells, odd])
        assert f"column 'a', line 22: '{odd}' is not a date as most cells" in str(caught.value)


def test_time_zones_are_reported_with_an_example() -> None:
    found = guess([f"2024-01-{n + 1:02d}T10:00:00+02:00" for n in range(20)])
    assert found.lines()[0] == (
        "note: a: 20 cells such as '2024-01-01T10:00:00+02:00' -> 2024-01-01 08:00 UTC"
    )
