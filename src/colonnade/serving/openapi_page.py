"""What the server takes and gives, for programs (OpenAPI 3.1) and for people (one page)."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

from colonnade import __version__

if TYPE_CHECKING:
    from colonnade.serving.live_model import Live
    from colonnade.serving.serving_params import ServingParams
    from colonnade.tables.features.reference import ColumnReference
    from colonnade.tables.schema.table_schema import ColumnParams

_JSON_TYPES = {"numeric": "number", "boolean": "boolean"}
_PREDICT = "/predict"


def openapi(table: str, live: Live, params: ServingParams) -> dict[str, Any]:
    """The document that clients are made of: the columns of a row, and of its answer."""
    paths: dict[str, Any] = {_PREDICT: {"post": _predict_path(live, params)}}
    for path, words in _SIGNS.items():
        paths[path] = {"get": {"summary": words, "responses": {"200": {"description": words}}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": f"{table}: {live.title}", "version": __version__},
        "paths": paths,
    }


def _predict_path(live: Live, params: ServingParams) -> dict[str, Any]:
    rows = {"type": "array", "items": _row_schema(live), "maxItems": params.max_rows}
    coverage = {
        "name": "coverage",
        "in": "query",
        "schema": {"type": "number", "default": params.coverage},
        "description": "How often a predicted number should lie in its interval.",
    }
    return {
        "summary": f"Predict {live.model.standardizer.target}",
        "parameters": [coverage],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": rows, "example": [example_row(live)]},
                **_CSV,
            },
        },
        "responses": {
            "200": _answer(live),
            "413": {
                "description": f"More than {params.max_rows} rows or {params.max_bytes} bytes."
            },
            "415": {"description": "Neither JSON nor CSV."},
            "422": {"description": "The rows cannot be predicted: row, column, and what to do."},
        },
    }


def _answer(live: Live) -> dict[str, Any]:
    row = {"type": "object", "properties": _answer_columns(live)}
    reply = {
        "type": "object",
        "properties": {
            "model": {"type": "object", "additionalProperties": {"type": "string"}},
            "predictions": {"type": "array", "items": row},
        },
    }
    return {
        "description": "One prediction a row, in their order.",
        "content": {"application/json": {"schema": reply}, **_CSV},
    }


_CSV = {"text/csv": {"schema": {"type": "string"}}}
_SIGNS = {
    "/health": "The process runs.",
    "/ready": "It takes requests; 503 while it drains.",
    "/metrics": "Counts and times, as Prometheus reads them.",
    "/model": "Which model answers.",
}


def example_row(live: Live) -> dict[str, Any]:
    """A row like the train rows: medians, and the commonest words."""
    table = live.model.standardizer
    return {
        name: _example(table.table_schema.column(name), table.references.get(name))
        for name in table.inputs
    }


def _example(column: ColumnParams, reference: ColumnReference | None) -> Any:
    if reference is None:
        return None
    if reference.shares:
        common = max(reference.shares, key=lambda value: reference.shares[value])  # type: ignore[index]
        return common == "true" if column.kind == "boolean" else common
    found = reference.fill(column)
    if isinstance(found, float):
        return int(found) if found.is_integer() else float(f"{found:.6g}")
    return None if found is None else f"{found:{column.format or '%Y-%m-%d'}}"


def _row_schema(live: Live) -> dict[str, Any]:
    table = live.model.standardizer
    columns = {}
    for name in table.inputs:
        column = table.table_schema.column(name)
        said: dict[str, Any] = {"type": _JSON_TYPES.get(column.kind, "string")}
        if column.values:
            said["enum"] = [str(value) for value in column.values]
        said |= {
            key: bound
            for key, bound in (("minimum", column.minimum), ("maximum", column.maximum))
            if bound is not None
        }
        if column.unit:
            said["description"] = f"In {column.unit}."
        columns[name] = said
    return {"type": "object", "properties": columns, "required": list(columns)}


def _answer_columns(live: Live) -> dict[str, Any]:
    classes, number = live.model.standardizer.classes, {"type": "number"}
    found: dict[str, Any] = {"prediction": number, "lower": number, "upper": number}
    if classes is not None:
        kind = "integer" if isinstance(classes[0], int) else "string"
        found = {"prediction": {"type": kind, "enum": list(classes)}}
        found |= {f"probability_{label}": number for label in classes}
    return {**found, "outside": {"type": "string"}}


def page(table: str, live: Live, params: ServingParams) -> str:
    """A page to read and to try it on, which asks nothing of a network."""
    document = openapi(table, live, params)
    schema = _row_schema(live)["properties"]
    cells = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{_kind(said)}</td></tr>"
        for name, said in schema.items()
    )
    answers = "".join(
        f"<tr><td><code>{html.escape(name)}</code></td><td>{_kind(said)}</td></tr>"
        for name, said in _answer_columns(live).items()
    )
    signs = "".join(
        f'<li><a href="{path}"><code>{path}</code></a>: {html.escape(words)}</li>'
        for path, words in {**_SIGNS, "/openapi.json": "This page for programs."}.items()
    )
    return _PAGE.format(
        title=html.escape(document["info"]["title"]),
        run=html.escape(f" Run {live.run}." if live.run else ""),
        target=html.escape(live.model.standardizer.target),
        example=html.escape(json.dumps([example_row(live)], indent=1, ensure_ascii=False)),
        columns=cells,
        answers=answers,
        signs=signs,
        rows=f"{params.max_rows:,}",
        bytes=f"{params.max_bytes / 2**20:.3g} MiB",
    )


def _kind(said: dict[str, Any]) -> str:
    words = [str(said["type"])]
    if "enum" in said:
        words.append("one of " + ", ".join(map(str, said["enum"][:12])))
    words += [f"{key} {said[key]:g}" for key in ("minimum", "maximum") if key in said]
    words += [said["description"]] if "description" in said else []
    return html.escape(", ".join(words))


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff }}
h1 {{ font-size: 1.5rem; margin-bottom: 0 }} h2 {{ font-size: 1.1rem; margin-top: 2rem }}
textarea, pre {{ width: 100%; box-sizing: border-box; font: 13px/1.4 ui-monospace, monospace;
  border: 1px solid #bbb; border-radius: 6px; padding: .7rem; background: #f7f7f7; overflow: auto }}
button {{ font: inherit; padding: .4rem 1.2rem; border: 0; border-radius: 6px; background: #0b5cad;
  color: #fff; cursor: pointer; margin: .5rem 0 }}
td {{ padding: .15rem 1.5rem .15rem 0; vertical-align: top }}
.two {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 0 2rem }}
.quiet {{ color: #555; margin-top: .2rem }}
</style></head><body>
<h1>{title}</h1><p class="quiet">Predicts <code>{target}</code>.{run}</p>
<h2><code>POST /predict</code></h2>
<p>JSON (a list of rows) or CSV with a header line; columns in any order. The answer comes in the
same form, one prediction a row. At most {rows} rows and {bytes} a request.</p>
<textarea id="rows" rows="12" spellcheck="false" aria-label="Rows">{example}</textarea>
<button id="try">Predict</button><pre id="answer" aria-live="polite">The answer appears here.</pre>
<div class="two"><div><h2>A row</h2><table>{columns}</table></div>
<div><h2>Its answer</h2><table>{answers}</table><h2>More</h2><ul>{signs}</ul></div></div>
<script>
document.getElementById("try").onclick = async () => {{
  const body = document.getElementById("rows").value
  const kind = /^\\s*[\\[{{]/.test(body) ? "application/json" : "text/csv"
  const reply = await fetch("predict", {{method: "POST", body, headers: {{"content-type": kind}}}})
  const text = await reply.text()
  let shown = text
  try {{ shown = JSON.stringify(JSON.parse(text), null, 1) }} catch (error) {{}}
  document.getElementById("answer").textContent = reply.status + "\\n" + shown
}}
</script></body></html>
"""
