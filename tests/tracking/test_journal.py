from __future__ import annotations

from typing import TYPE_CHECKING

from colonnade.tracking.recording.journal import ATTEMPTS, Journal, fingerprint, orphans

if TYPE_CHECKING:
    from pathlib import Path


def test_messages_are_read_from_where_the_reader_stands(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append({"do": "tags", "values": {"价格": "高"}})
    [(position, message)] = journal.read()
    assert message == {"do": "tags", "values": {"价格": "高"}}
    journal.append({"do": "end"})
    assert [message for _, message in journal.read(position)] == [{"do": "end"}]
    journal.delete()


def test_message_cut_by_a_kill_is_left_out(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append({"do": "run"})
    with journal.lines.open("a") as file:
        file.write('{"do": "met')
    assert [message for _, message in journal.read()] == [{"do": "run"}]
    journal.delete()


def test_journal_in_use_is_no_orphan(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append({"do": "run"})
    assert list(orphans(tmp_path)) == []
    journal.release()
    assert [orphan.name for orphan in orphans(tmp_path)] == [journal.name]


def test_orphan_is_held_while_it_is_delivered(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append({"do": "run"})
    journal.release()
    for _ in orphans(tmp_path):
        assert list(orphans(tmp_path)) == []


def test_journal_that_cannot_be_delivered_is_left_alone_in_the_end(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    journal.append({"do": "run"})
    journal.release()
    for _ in range(ATTEMPTS):
        assert len(list(orphans(tmp_path))) == 1
        journal.failed()
    assert list(orphans(tmp_path)) == []
    assert journal.lines.exists()


def test_kept_copy_outlives_the_original(tmp_path: Path) -> None:
    journal = Journal.create(tmp_path)
    file, folder = tmp_path / "a.txt", tmp_path / "model"
    file.write_text("first")
    folder.mkdir()
    (folder / "model.json").write_text("{}")
    journal.keep(3, file)
    journal.keep(4, folder)
    file.write_text("second")
    kept = journal.kept(3, file)
    assert kept is not None
    assert kept.read_text() == "first"
    kept = journal.kept(4, folder)
    assert kept is not None
    assert [path.name for path in kept.iterdir()] == ["model.json"]
    assert journal.kept(5, file) is None
    journal.delete()


def test_fingerprint_tells_an_overwritten_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("first")
    before = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == before
    file.write_text("other")
    assert fingerprint(tmp_path)[0] == before[0]
    assert fingerprint(tmp_path) != before
