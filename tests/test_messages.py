"""The catalog of messages: every message of the code is in it, translated and still in use."""

from __future__ import annotations

import ast
import re
from collections import Counter
from string import Formatter

import pytest

from colonnade.errors import ParameterError
from colonnade.messages.catalog import _, languages, ngettext, speaking, spoken
from colonnade.parameters import read_language
from tests import message_catalog

FILES = message_catalog.translations()
# Where a message may have marks, its translation has the same ones.
MARKS = re.compile(r"`[^`]*`|</?\w+>|\*\*")


@pytest.fixture(scope="module")
def template():
    return message_catalog.template()


def texts(value):
    return value if isinstance(value, tuple) else (value,)


def keys(catalog):
    return {texts(message.id)[0] for message in catalog if message.id}


def places(text):
    """Names between braces with how often they stand there; {n:,} and {n} are alike."""
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_every_message_of_the_code_is_translated_and_no_other(template, path):
    catalog = message_catalog.read(path)
    known, asked = keys(catalog), keys(template)
    assert sorted(asked - known) == [], "new messages: run `make messages`, then translate them"
    assert sorted(known - asked) == [], "messages that are said no more: run `make messages`"
    for message in catalog:
        if message.id:
            assert all(texts(message.string)), f"not translated: {texts(message.id)[0]}"
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_translations_have_the_values_and_marks_of_their_message(path):
    for message in message_catalog.read(path):
        for text in texts(message.string) if message.id else ():
            # a plural may leave out the number of one
            asked = places(texts(message.id)[-1])
            assert set(places(text)) == set(asked), message.id
            assert Counter(MARKS.findall(text)) == Counter(MARKS.findall(texts(message.id)[-1]))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parts[-3])
def test_the_compiled_catalog_is_that_of_its_file(path):
    compiled = message_catalog.compiled(message_catalog.read(path))
    assert path.with_suffix(".mo").read_bytes() == compiled, "run `make messages`"


def test_every_call_for_a_message_names_it_where_it_is_gathered(template):
    """A message within an f-string, or put together at run time, would never be translated."""
    known, found = keys(template), 0
    for path in message_catalog.LIBRARY.rglob("*.py"):
        if path.parent.name == "messages":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name not in ("_", "ngettext", "marked"):
                continue
            first, where = node.args[0], f"{path.name}:{node.lineno}"
            if isinstance(first, ast.Constant):
                found += 1
                assert first.value in known, where
            else:  # `_(NAMES[name])`: of a table whose entries are marked
                assert isinstance(first, ast.Subscript | ast.Attribute), where
    assert found > 200


def test_the_language_is_that_of_the_innermost_block():
    assert spoken() == "en"
    with speaking("zh"):
        assert _("yes") == "是"
        assert ngettext("{name} ({n} row)", "{name} ({n} rows)", 3, name="低") == "低（3 行）"
        with speaking("en"):
            assert _("{low} to {high}", low="1", high="2") == "1 to 2"
        assert spoken() == "zh"
    assert _("yes") == "yes"


def test_a_language_that_nobody_has_translated_is_refused():
    assert languages() == ["en", "zh"]
    assert read_language("zh") == "zh"
    with pytest.raises(ParameterError, match=r"`language` is one of en, zh \(got 'fr'\)"):
        read_language("fr")
    with pytest.raises(ValueError, match="'fr'"), speaking("fr"):
        pass
