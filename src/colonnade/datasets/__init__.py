"""Datasets of the catalog: raw tables read with care, results written whole or not at all.

Every save goes to a temporary file in the same folder, which takes the old file's place in one
step.
"""

from colonnade.datasets.local import CheckpointFile, HtmlPage, ModelFolder, PngFigure, TextFile
from colonnade.datasets.sources import RawTableDataset, ScikitLearnDataset
from colonnade.datasets.whole_files import (
    CsvTable,
    JsonDocument,
    ParquetTable,
    StandardizerDataset,
)

__all__ = [
    "CheckpointFile",
    "CsvTable",
    "HtmlPage",
    "JsonDocument",
    "ModelFolder",
    "ParquetTable",
    "PngFigure",
    "RawTableDataset",
    "ScikitLearnDataset",
    "StandardizerDataset",
    "TextFile",
]
