"""A winner's words in the YAML of its table."""

import json
from types import SimpleNamespace

import pytest
import yaml
from click.testing import CliRunner

from colonnade.cli.experiment.adoption import adopt_winner, adopted
from colonnade.cli.experiment.experiment_command import experiment
from colonnade.errors import ParameterError

TEXT = """\
# the table
phones:
  schema: {target: y, task: ordinal}  # what it is
  standardize: {}
  model: linear
  training:
    optimizer: {name: adamw, lr: 0.2, weight_decay: 0}
    epochs: 200  # long enough
    # most columns are noise
    l1: auto
  evaluation: {}
"""


def test_words_are_written_and_comments_kept():
    words = {
        "model": {"kind": "mlp", "hidden": [64, 64]},
        "training.optimizer.name": "sgd",
        "training.l1": 0,
    }
    text = adopted(TEXT, "phones", words)
    found = yaml.safe_load(text)["phones"]
    assert found["model"] == {"kind": "mlp", "hidden": [64, 64]}
    assert found["training"] == {"optimizer": {"name": "sgd"}, "epochs": 200, "l1": 0}
    for comment in ("# the table", "# what it is", "# long enough", "# most columns are noise"):
        assert comment in text
    assert "schema: {target: y, task: ordinal}  # what it is" in text


def test_what_the_yaml_says_already_stays_as_it_is_written():
    assert adopted(TEXT, "phones", {"training.epochs": 200}) == TEXT


def test_the_winner_of_the_last_experiment_is_adopted_and_the_file_before_kept(tmp_path):
    file = tmp_path / "conf/base/parameters_phones.yml"
    file.parent.mkdir(parents=True)
    file.write_text(TEXT)
    with pytest.raises(ParameterError, match="no experiment has run yet"):
        adopt_winner(tmp_path, "phones")
    folder = tmp_path / "data/08_reporting/phones/experiments/rates"
    folder.mkdir(parents=True)
    winner = {"words": {"training.epochs": 7}, "metric": "accuracy", "score": 0.9}
    (folder / "winner.json").write_text(json.dumps(winner))
    done = adopt_winner(tmp_path, "phones")
    assert "-    epochs: 200  # long enough\n+    epochs: 7    # long enough\n" in done.diff
    assert done.backup.read_text() == TEXT
    assert adopt_winner(tmp_path, "phones", "rates").diff == ""
    assert done.backup.read_text() == TEXT
    project = SimpleNamespace(project_path=tmp_path)
    said = CliRunner().invoke(experiment, ["adopt", "phones", "--plan", "rates"], obj=project)
    assert said.output == "parameters_phones.yml says so already: nothing is written.\n"
    said = CliRunner().invoke(experiment, ["phones", "tablets"], obj=project)
    assert "'tablets' is one word too many" in said.output
    winner["words"]["outliers.share"] = 0.1
    (folder / "winner.json").write_text(json.dumps(winner))
    with pytest.raises(ParameterError, match="spoiled on purpose"):
        adopt_winner(tmp_path, "phones")
    with pytest.raises(ParameterError, match="Did you mean `rates`"):
        adopt_winner(tmp_path, "phones", "rate")
