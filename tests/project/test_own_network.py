"""The docs' network of one's own, in a project: trained, evaluated, loaded again."""

from __future__ import annotations

import re

import pytest

from tests.conftest import REPOSITORY, kedro_in, make_project

PAGE = (REPOSITORY / "docs/pages/how-to/own-network.md").read_text()


@pytest.mark.parametrize("tracked", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_docs_class_runs_by_its_path(tmp_path, tracked):
    [code] = re.findall(r"```python\n# src/nets.py\n(.*?)```", PAGE, re.DOTALL)
    [words] = re.findall(r"```yaml\n(  model: \{kind: nets.*?)```", PAGE, re.DOTALL)
    assert len(code.strip().splitlines()) <= 15
    project = make_project(tmp_path / "project", tracked=tracked)
    (project / "src/nets.py").write_text(code)
    yaml = project / "conf/base/parameters_wine.yml"
    yaml.write_text(re.sub(r"  model: .*\n", words, yaml.read_text()))
    kedro = kedro_in(project)
    log = kedro("run", "--pipeline", "wine").stdout
    assert "wine: test accuracy" in log
    # alone, evaluation loads the model from its folder
    assert "wine: test accuracy" in kedro("run", "--nodes", "wine.evaluate.evaluate").stdout
