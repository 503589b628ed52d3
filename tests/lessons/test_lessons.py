"""Every lesson runs from top to bottom, is stored without outputs, and its figures are right."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest
import torch

from lessons.activations import activation_curves, value_and_derivative
from lessons.execution import (
    LessonError,
    RunLesson,
    is_solution,
    lesson_files,
    read_lesson,
    run_lesson,
    stored_outputs,
    title_of,
)
from lessons.initialization import initialization_variance, layer_variances
from lessons.render import index_page, lesson_page, linked, main

REPOSITORY = Path(__file__).parents[2]
NOTEBOOKS = REPOSITORY / "notebooks"
LESSONS = lesson_files(NOTEBOOKS)
# A lesson takes less than 30 s on two idle cores; a busy machine may take this.
MOST_SECONDS = 120

each_lesson = pytest.mark.parametrize("path", LESSONS, ids=[path.stem for path in LESSONS])


@pytest.mark.slow
@each_lesson
def test_lesson_runs_from_top_to_bottom(path, record_property, forked_kernels):
    lesson = run_lesson(path, REPOSITORY)
    record_property("seconds", round(lesson.seconds, 1))
    print(f"{path.name}: {lesson.seconds:.1f} s")
    outputs = [o for cell in lesson.notebook.cells for o in cell.get("outputs", [])]
    complaints = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert complaints == []
    assert lesson.seconds < MOST_SECONDS


@each_lesson
def test_lesson_is_stored_without_outputs(path):
    notebook = read_lesson(path)
    assert stored_outputs(notebook) == []
    assert notebook.metadata.kernelspec.name == "python3"
    identities = [cell.id for cell in notebook.cells]
    assert len(set(identities)) == len(identities)


@each_lesson
def test_lesson_has_a_title_exercises_and_hidden_solutions(path):
    notebook = read_lesson(path)
    assert re.match(rf"{int(path.name[:2])} .*[\u4e00-\u9fff]", title_of(notebook))
    text = "\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")
    exercises = re.findall(r"^### Exercise \d$", text, re.MULTILINE)
    solutions = [c for c in notebook.cells if is_solution(c)]
    assert len(exercises) >= 2
    assert len(solutions) >= len(exercises)
    for cell in solutions:
        assert cell.source.startswith("# Solution")
        assert cell.metadata.jupyter.source_hidden


@each_lesson
def test_links_of_a_lesson_lead_somewhere(path):
    text = "\n".join(c.source for c in read_lesson(path).cells if c.cell_type == "markdown")
    files = {link.split("#")[0] for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", text)}
    assert {name for name in files if not (NOTEBOOKS / name).exists()} == set()
    assert "glossary.md" in files


def glossary_rows() -> list[list[str]]:
    lines = (NOTEBOOKS / "glossary.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return cells[2:]


def test_glossary_is_in_the_order_of_the_alphabet_and_names_each_term_once():
    terms = [row[0].casefold() for row in glossary_rows()]
    assert terms == sorted(terms)
    assert len(set(terms)) == len(terms)


def test_glossary_explains_each_term_in_both_languages_and_names_its_lesson():
    for row in glossary_rows():
        term, chinese, meaning, lesson = row
        assert re.search(r"[\u4e00-\u9fff]", chinese), term
        assert meaning.endswith("."), term
        assert int(lesson) in {int(path.name[:2]) for path in LESSONS}, term


@pytest.mark.slow
def test_a_failing_cell_is_reported_with_its_lesson(tmp_path):
    from nbformat import v4, write

    broken = v4.new_notebook(cells=[v4.new_code_cell("assert 1 == 2, 'no'")])
    write(broken, tmp_path / "01_broken.ipynb")
    with pytest.raises(LessonError, match=r"01_broken\.ipynb: (.|\n)*AssertionError: no"):
        run_lesson(tmp_path / "01_broken.ipynb", tmp_path)


def test_a_folder_without_lessons_is_an_error_for_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["--output", str(tmp_path / "html")]) == 1
    assert "no lessons here" in capsys.readouterr().err


def test_a_disk_that_takes_no_page_is_reported_in_one_line(tmp_path, monkeypatch, capsys):
    def refuse(*_):
        raise OSError(errno.EACCES, "Permission denied")

    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setattr("lessons.render.replaced_file", refuse)
    assert main(["--output", str(tmp_path / "html"), "no lesson of this name"]) == 1
    assert capsys.readouterr().err.startswith("Permission denied. Free disk space")


@pytest.mark.parametrize("kernel", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_page_of_a_lesson_folds_solutions_and_needs_no_network(tmp_path, kernel):
    from nbformat import v4, write

    cells = [
        v4.new_markdown_cell("# 1 Page 页\n\n[next](02_b.ipynb) · [Glossary](glossary.md)"),
        v4.new_code_cell("6 * 7"),
        v4.new_code_cell("# Solution\n6 * 8", metadata={"tags": ["solution"]}),
    ]
    notebook = v4.new_notebook(cells=cells)
    path = tmp_path / "01_page.ipynb"
    if kernel:
        write(notebook, path)
        lesson = run_lesson(path, tmp_path)
    else:  # what the kernel answers
        for cell, answer in zip(cells[1:], ("42", "48"), strict=True):
            cell.outputs = [v4.new_output("execute_result", {"text/plain": answer})]
        lesson = RunLesson(path, notebook, 0.0)
    page = lesson_page(lesson)
    assert page.count("<details") == 1
    assert "42" in page.split("<details")[0]
    assert "48" in page.split("<details")[1].split("</details>")[0]
    assert 'href="02_b.html"' in page
    assert 'href="index.html#glossary"' in page
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    assert "<script" not in page


def test_index_lists_lessons_and_glossary():
    page = index_page({"01_a": "1 First 一"}, "# Glossary\n\n| a | b |\n|---|---|\n| x | y |\n")
    assert '<li value="1"><a href="01_a.html">First 一</a></li>' in page
    assert '<h2 id="glossary"' in page
    assert "<td>x</td>" in page


def test_links_out_of_the_course_stay_as_they_are():
    assert linked('<a href="https://a.org/x.html">') == '<a href="https://a.org/x.html">'
    assert linked('<a href="05_x.ipynb#part">') == '<a href="05_x.html#part">'


@pytest.mark.parametrize(
    ("name", "at_zero", "at_two"),
    [
        ("sigmoid", (0.5, 0.25), (0.8807970779778823, 0.10499358540350662)),
        ("tanh", (0.0, 1.0), (0.9640275800758169, 0.07065082485316443)),
        ("relu", (0.0, 0.0), (2.0, 1.0)),
        ("leaky_relu", (0.0, 0.1), (2.0, 1.0)),
    ],
)
def test_activations_are_drawn_from_right_values(name, at_zero, at_two):
    value, slope = value_and_derivative(name, torch.tensor([0.0, 2.0], dtype=torch.float64))
    assert value.tolist() == pytest.approx([at_zero[0], at_two[0]])
    assert slope.tolist() == pytest.approx([at_zero[1], at_two[1]])


def test_activation_figure_has_formula_curve_and_derivative_of_five():
    figure = activation_curves()
    assert len(figure.axes) == 15
    assert [ax.texts[0].get_text().split(",")[0] for ax in figure.axes[::3]] == [
        "Sigmoid",
        "Tanh",
        "ReLU",
        "Leaky ReLU",
        "Softmax of (z",
    ]


def test_he_keeps_the_variance_of_relu_and_xavier_halves_it():
    he, _ = layer_variances("relu", "kaiming_normal", depth=10)
    xavier, _ = layer_variances("relu", "xavier_normal", depth=10)
    assert 0.5 < he[-1] / he[0] < 2
    # the same draws, smaller by the root of 2 in each layer
    assert xavier[-1] == pytest.approx(he[-1] / 2**10, rel=1e-3)


def test_zeros_pass_nothing_back():
    outputs, gradients = layer_variances("tanh", "zeros", depth=3)
    assert outputs == [0, 0, 0]
    assert gradients[:2] == [0, 0]


def test_initialization_figure_shows_outputs_and_gradients_of_both_activations():
    figure = initialization_variance({"He": "kaiming_normal"})
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "outputs, tanh",
        "outputs, relu",
        "gradients, tanh",
        "gradients, relu",
    ]
    assert {ax.get_yscale() for ax in figure.axes} == {"log"}
