"""The nodes of one table's pipeline: unpack, call the library, return."""

import logging
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from colonnade.evaluation import cross_validation as cv
from colonnade.evaluation.consistency import (
    refuse_other_rows,
    refuse_stale_cross_validation,
    refuse_stale_predictions,
    training_digest,
)
from colonnade.evaluation.evaluate import EvaluationParams, evaluate_model
from colonnade.evaluation.metrics.groups import Metrics
from colonnade.evaluation.metrics.oddity import oddity
from colonnade.evaluation.report.content import Results
from colonnade.evaluation.report.drawings import drawings, pictures
from colonnade.evaluation.report.model_card import model_card_markdown
from colonnade.evaluation.report.oddity_page import (
    oddity_figures,
    oddity_html,
    oddity_markdown,
)
from colonnade.evaluation.report.page import report_content, report_html
from colonnade.messages.catalog import speaking
from colonnade.parameters import read_language
from colonnade.tables.features.standardizer import StandardizeParams, Standardizer, fit_standardizer
from colonnade.tables.inference.readings import describe_readings
from colonnade.tables.schema.ingest import ingest_table
from colonnade.tables.schema.table_schema import SchemaParams
from colonnade.tables.source import RawTable, Source
from colonnade.tables.splitting.split import PARTS, SplitParams, rows_of, split_table
from colonnade.training.fit import train_model
from colonnade.training.models.trained import TrainedModel
from colonnade.training.networks.model_params import ModelParams
from colonnade.training.progress import Progress, TrainingProgress, tell
from colonnade.training.training_params import TrainingParams

Json = dict[str, Any]
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ingestion:
    """The first node, and what it calls a frame that knows no source, as one from a database."""

    name: str

    def ingest(
        self, raw: RawTable | pd.DataFrame, schema: SchemaParams
    ) -> tuple[pd.DataFrame, Json]:
        """Check every cell against the schema and give each column its type."""
        given = RawTable.of(raw, self.name)
        table = ingest_table(given.frame, schema, name=given.source.name)
        readings = describe_readings(given.frame, schema)
        return table, given.source.model_copy(update={"readings": readings}).model_dump(mode="json")


def split_rows(
    primary: pd.DataFrame, schema: SchemaParams, params: SplitParams
) -> tuple[pd.DataFrame, Json]:
    """Give each row to train, validation or test, and note by which parameters."""
    return split_table(primary, schema, params), params.model_dump(mode="json")


def standardize(
    primary: pd.DataFrame,
    split: pd.DataFrame,
    source: Json,
    schema: SchemaParams,
    params: StandardizeParams,
) -> tuple[Standardizer, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Fit the standardizer on train rows only; apply it to every part."""
    standardizer = fit_standardizer(
        rows_of(primary, split, "train"), schema, params, source=Source.model_validate(source)
    )
    train, validation, test = (
        standardizer.transform(rows_of(primary, split, part)) for part in PARTS
    )
    return standardizer, train, validation, test


def train(
    train: pd.DataFrame,
    validation: pd.DataFrame,
    standardizer: Standardizer,
    split: SplitParams,
    model: ModelParams,
    training: TrainingParams,
    checkpoint: Path,
    resume: bool,
) -> tuple[TrainedModel, pd.DataFrame]:
    """Fit the model; validation rows decide when to stop and which epoch is best."""
    # the checkpoint's folder has the table's name: several tables may be trained at once
    told = TrainingProgress(
        checkpoint.parent.name,
        write=logger.info,
        refits=training.refit and len(validation) > 0,
        may_stop=training.early_stopping is not None,
    )
    fitted = train_model(
        train,
        validation,
        standardizer,
        model.for_split(shuffled=split.shuffled),
        training,
        checkpoint=checkpoint,
        resume=resume,
        progress=told.epoch,
        phase=told.phase,
    )
    return fitted.model, fitted.history


def cross_validate(
    model: TrainedModel,
    primary: pd.DataFrame,
    split: pd.DataFrame,
    schema: SchemaParams,
    params: StandardizeParams,
) -> Json:
    """Train with the model's parameters on every fold, if the split has folds."""
    if not cv.fold_columns(split):
        return {}
    name = model.table or schema.target
    found = cv.cross_validate(
        primary,
        split,
        schema,
        params,
        model=model.model,
        training=model.training,
        progress=partial(_tell_folds, name),
    )
    return {"recipe": training_digest(model), **found.document()}


def _tell_folds(name: str, done: int, n_folds: int) -> None:
    if not tell(Progress(name, "fold", done, n_folds)):
        logger.info("%s: cross-validation: %d of %d folds trained", name, done, n_folds)


def evaluate(
    model: TrainedModel,
    train: pd.DataFrame,
    validation: pd.DataFrame,
    test: pd.DataFrame,
    source: Json,
    cross_validation: Json,
    params: EvaluationParams,
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, float]]:
    """Measure the model on every part, beside simple baselines; test rows are read only here."""
    refuse_other_rows(model, train, validation, test)
    refuse_stale_cross_validation(model, cross_validation)
    if model.standardizer.task == "anomaly":
        parts = {"train": train, "validation": validation, "test": test}
        scored, measured = oddity(model, parts, resamples=params.resamples, seed=params.seed)
        return scored, scored, measured.flat()
    evaluation = evaluate_model(
        model, train, validation, test, params, source=Source.model_validate(source)
    )
    folds = Metrics.from_flat(cross_validation.get("metrics", {}))
    predictions = evaluation.predictions
    return predictions, predictions, (evaluation.metrics | folds.groups).flat()


def write_report(
    model: TrainedModel,
    history: pd.DataFrame,
    predictions: pd.DataFrame,
    metrics: dict[str, float],
    primary: pd.DataFrame,
    split: pd.DataFrame,
    source: Json,
    cross_validation: Json,
    schema: SchemaParams,
    params: EvaluationParams,
    language: str,
) -> tuple[Any, Any, str, str]:
    """Say whether the model is good: two figures, and the page and card that hold all there is."""
    if schema.task == "anomaly":
        return _report_oddity(model, history, predictions, metrics, primary, source, language)
    refuse_stale_predictions(model, primary, split, predictions)
    refuse_stale_cross_validation(model, cross_validation)
    results = Results(
        predictions, Metrics.from_flat(metrics), history, cross_validation.get("folds", [])
    )
    name = model.table or schema.target
    with speaking(read_language(language)):
        content = report_content(
            name,
            model,
            results,
            primary,
            split,
            source=Source.model_validate(source),
            schema=schema,
            params=params,
            # for a page that cannot hold them; the page stands in data/08_reporting/<name>
            predictions_file=f"../../07_model_output/{name}/evaluated.csv",
        )
        figures = drawings(content)
        page, card = report_html(content, figures), model_card_markdown(content)
        saved = pictures(content, figures)
    return saved["learning"], saved["fit"], page, card


def _report_oddity(
    model: TrainedModel,
    history: pd.DataFrame,
    scored: pd.DataFrame,
    metrics: dict[str, float],
    primary: pd.DataFrame,
    source: Json,
    language: str,
) -> tuple[Any, Any, str, str]:
    """Say which rows are odd, and why."""
    measured, origin = Metrics.from_flat(metrics), Source.model_validate(source)
    with speaking(read_language(language)):
        figures = oddity_figures(model, scored, history)
        page = oddity_html(model, scored, measured, primary, figures=figures, source=origin)
        card = oddity_markdown(model, measured, origin)
    return figures["learning"], figures["fit"], page, card
