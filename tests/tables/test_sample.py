from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from colonnade.tables.reading.raw import read_raw_table

if TYPE_CHECKING:
    from types import ModuleType

RAW = Path(__file__).parents[2] / "data/01_raw"

RANGES = {
    "battery_power": (501, 1998),
    "clock_speed": (0.5, 3.0),
    "fc": (0, 19),
    "int_memory": (2, 64),
    "m_dep": (0.1, 1.0),
    "mobile_wt": (80, 200),
    "n_cores": (1, 8),
    "pc": (0, 20),
    "px_height": (0, 1960),
    "px_width": (500, 1998),
    "ram": (256, 3998),
    "sc_h": (5, 19),
    "sc_w": (0, 18),
    "talk_time": (2, 20),
}


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sample", RAW / "make_phone_price_sample.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sample() -> pd.DataFrame:
    return pd.read_csv(RAW / "phone_price_sample.csv")


def test_generator_writes_the_sample_again_byte_for_byte(tmp_path: Path) -> None:
    path = generator().write_sample(tmp_path)
    assert path.read_bytes() == (RAW / "phone_price_sample.csv").read_bytes()
    sidecar = "phone_price_sample.source.json"
    assert json.loads((tmp_path / sidecar).read_text()) == json.loads((RAW / sidecar).read_text())


def test_sample_says_that_it_is_one() -> None:
    source = read_raw_table(str(RAW / "phone_price_sample.csv")).source
    assert (source.note, source.rows, source.columns) == ("synthetic sample", 2000, 21)


def test_sample_has_500_rows_a_class_and_plausible_telephones() -> None:
    phones = sample()
    assert phones["price_range"].value_counts().sort_index().tolist() == [500] * 4
    for name, (low, high) in RANGES.items():
        assert phones[name].between(low, high).all(), name
    for name in ("blue", "dual_sim", "four_g", "three_g", "touch_screen", "wifi"):
        assert set(phones[name]) == {0, 1}
    assert (phones["sc_h"] > phones["sc_w"]).all()
    assert (phones["px_height"] < phones["px_width"]).all()
    assert (phones["pc"] >= phones["fc"]).all()
    assert (phones["three_g"] >= phones["four_g"]).all()
    assert (phones["sc_w"] == 0).any()


def test_price_follows_ram_first_then_battery_and_screen_and_falls_with_weight() -> None:
    correlation = sample().corr()["price_range"]
    assert correlation["ram"] > 0.9
    for name in ("battery_power", "px_height", "px_width"):
        assert 0.1 < correlation[name] < 0.3
    assert correlation["mobile_wt"] < -0.02


def test_noise_alone_decides_few_rows() -> None:
    module = generator()
    noisy = module.draw_sample()
    module.NOISE = 0.0
    share = (noisy["price_range"] != module.draw_sample()["price_range"]).mean()
    assert 0.01 < share < 0.06


def test_sample_has_the_columns_of_the_real_table_and_none_of_its_rows(
    phone_price_dir: Path,
) -> None:
    real = pd.read_csv(phone_price_dir / "train.csv")
    assert list(real.columns) == list(sample().columns)
    assert sample().merge(real).empty
