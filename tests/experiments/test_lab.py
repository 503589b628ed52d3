"""The page of all answers."""

import pandas as pd

from colonnade.experiments.report.lab_page import Answer, lab_html


def test_the_page_answers_each_question_and_links_to_its_report():
    ranking = pd.DataFrame(
        {
            "configuration": [2, 1, 3],
            "training.optimizer": ["adam", "sgd", "adagrad"],
            "mean": [0.9, 0.88, 0.5],
            "low": [0.87, 0.85, 0.4],
            "high": [0.93, 0.91, 0.6],
            "trials": [10, 10, 10],
        }
    )
    answer = Answer("optimizers", "phones", "Which <one>?", "accuracy", ranking, "../r.html")
    assert answer.names == ["optimizer=adam", "optimizer=sgd", "optimizer=adagrad"]
    assert answer.sentence.replace("\N{NO-BREAK SPACE}", " ") == (
        "optimizer=adam: accuracy 90.0 % (87.0 % to 93.0 % over 10 seeds); 1 of 2 others are "
        "within its interval."
    )
    numbers = ranking.drop(columns="training.optimizer").assign(
        **{"model.dropout": [0.0, 0.2, 0.4]}
    )
    said = Answer("d", "phones", "?", "accuracy", numbers, "").sentence
    assert said.startswith("dropout=0: accuracy 90.0")
    assert "over 10 seeds" in said
    page = lab_html([answer])
    assert "Which &lt;one&gt;?" in page
    assert 'href="../r.html"' in page
    assert "<svg" in page
    assert "<script" not in page
    single = Answer("o", "t", "?", "accuracy", ranking.assign(low=float("nan")), "")
    said = single.sentence.replace("\N{NO-BREAK SPACE}", " ")
    assert said == "optimizer=adam: accuracy 90.0 % on validation rows."
