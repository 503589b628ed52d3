"""One self-contained page: whether the model is worth it, where it errs, and how it was made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from pydantic import BaseModel

from colonnade.evaluation.evaluate import EvaluationParams
from colonnade.evaluation.explanation.explain import explain_model
from colonnade.evaluation.metrics.fitted_line import line_data
from colonnade.evaluation.metrics.formatting import part_name
from colonnade.evaluation.metrics.verdict import deciding_metric
from colonnade.evaluation.report.content import (
    ModelFacts,
    Origin,
    ReportContent,
    Results,
    TableFacts,
)
from colonnade.evaluation.report.downloads import predictions_link
from colonnade.evaluation.report.drawings import drawings
from colonnade.evaluation.report.environment import command_line, environment
from colonnade.evaluation.report.svg import inline_svg
from colonnade.evaluation.report.words.wording import page_context
from colonnade.messages.catalog import _, markup, spoken
from colonnade.tables.profile import profile_table
from colonnade.training.components.named_choice import NamedChoice
from colonnade.training.networks.kinds.kind import DEFAULT_KIND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from colonnade.parameters import Params
    from colonnade.tables.schema.table_schema import SchemaParams
    from colonnade.tables.source import Source

_FOLDER = Path(__file__).parent
# Words up to their underscore, of very long ones sixteen letters, and blanks.
_PIECES = re.compile(r"[^\s_]{1,16}_*|_+|\s+")


def report_content(
    table: str,
    model: Any,
    results: Results,
    primary: pd.DataFrame,
    split: pd.DataFrame,
    *,
    source: Source,
    schema: SchemaParams,
    params: EvaluationParams | None = None,
    command: str | None = None,
    predictions_file: str = "",
) -> ReportContent:
    """Gather the page's content from what a pipeline has at its end.

    Args: primary, split: the typed table and the part of each row, under the same index.
    params: how much to explain; `explain: false` leaves only numbers and two figures.
    command: how to make it again; by default, the command that is running. predictions_file:
    all predictions, as seen from the page's folder, if they are in a file.
    """
    params = params or EvaluationParams()
    metric = deciding_metric(results.metrics, schema.task)
    return ReportContent(
        table=table,
        target=schema.target,
        task=schema.task,
        source=source,
        results=results,
        data=TableFacts(
            profile=profile_table(primary, split, schema, source),
            targets=_targets(primary[schema.target], split),
            line=line_data(model, primary, split),
        ),
        model=_model_facts(model),
        explanation=explain_model(
            model, primary, split, results.predictions, params, metric=metric
        ),
        params=params,
        origin=Origin(
            environment={**environment(), **_seed_and_threads(model)},
            command=command_line() if command is None else command,
            predictions=predictions_file,
        ),
    )


def _model_facts(model: Any) -> ModelFacts:
    return ModelFacts(
        summary=model.summary(),
        facts=dict(model.facts),
        hyperparameters=hyperparameters(model=model.model, training=model.training),
        interval_caveat=getattr(model, "interval_caveat", ""),
    )


def _targets(target: pd.Series, split: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"part": split["part"].to_numpy(), "target": target.to_numpy()})


def _seed_and_threads(model: Any) -> dict[str, str]:
    seed = getattr(getattr(model, "training", None), "seed", None)
    threads = getattr(model, "facts", {}).get("threads")
    found = {_("training seed"): seed, _("training threads"): threads}
    return {name: str(value) for name, value in found.items() if value is not None}


def hyperparameters(**groups: Params | None) -> dict[str, Any]:
    """Parameters that differ from their defaults, flattened with dots."""
    found: dict[str, Any] = {}
    for name, group in groups.items():
        if group is None:
            continue
        kind = getattr(group, "kind", DEFAULT_KIND)
        if kind != DEFAULT_KIND:
            # Every kind has a class of its own, whose defaults are that kind's.
            found[f"{name}.kind"] = kind
        found |= _hyperparameters_of(name, group)
        found |= {f"{name}.{word}": value for word, value in (group.model_extra or {}).items()}
    return found


def _hyperparameters_of(prefix: str, group: BaseModel) -> dict[str, Any]:
    found: dict[str, Any] = {}
    # The options of another word than the default one are compared with that word's own defaults.
    usual = type(group).model_validate(group.name) if isinstance(group, NamedChoice) else None
    for name, info in type(group).model_fields.items():
        value = getattr(group, name)
        default = info.get_default(call_default_factory=True)
        if isinstance(value, BaseModel):
            if isinstance(value, NamedChoice) and value.name != getattr(default, "name", None):
                found[f"{prefix}.{name}"] = value.name
            options = _hyperparameters_of(f"{prefix}.{name}", value)
            if not options and default is None and not isinstance(value, NamedChoice):
                # Off until someone asks for it: its first option tells that it is on.
                options = {f"{prefix}.{name}.{key}": one for key, one in list(value)[:1]}
            found |= options
        elif name != "name" and value != (getattr(usual, name) if usual else default):
            found[f"{prefix}.{name}"] = list(value) if isinstance(value, tuple) else value
    return found


def report_html(content: ReportContent, figures: Mapping[str, Figure] | None = None) -> str:
    """Render the page: one file that asks nothing of a network, in the language spoken.

    Every name and value from the table is escaped.
    Args: figures: those of `drawings`, for who needs them elsewhere, too; else drawn here.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    templates = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        optimized=False,  # looking for constants takes longer than rendering the page once
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"code": code_marks, "breakable": breakable, "part_name": part_name}
    drawn = drawings(content) if figures is None else figures
    inserted = {
        f"{kind}_text": Markup((_FOLDER / f"report.{kind}").read_text(encoding="utf-8"))
        for kind in ("css", "js")
    }
    return templates.get_template("report.html").render(
        content=content,
        figures={name: Markup(inline_svg(figure, name)) for name, figure in drawn.items()},
        _=markup,
        language=spoken(),
        download=predictions_link(content),
        **inserted,
        **page_context(content),
    )


def breakable(text: object) -> Any:
    """Text that a narrow column may cut after an underscore, or within a very long word.

    Everything is escaped.
    """
    from markupsafe import Markup, escape

    return Markup("<wbr>").join(escape(piece) for piece in _PIECES.findall(str(text)))


def code_marks(text: str) -> Any:
    """Text with `words` between backticks set as code, everything escaped."""
    from markupsafe import Markup

    pieces = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(piece) if i % 2 else piece
        for i, piece in enumerate(pieces)
    )
