"""PDF and Word files: their text, their pages and headings, and files that are something else."""

import io
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader, PdfWriter

from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.adapters.sqlite_fts.extracting import UNPACKED_BYTES_MAX, extract
from tenuto.ports.collections import FileProblem, IndexReport, Passage


def pdf(*pages: str) -> bytes:
    """Return a PDF with a page for each text; lines are set one below the other."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, text in enumerate(pages):
        shown = " ".join(f"({line}) Tj 0 -14 Td" for line in text.split("\n"))
        content = f"BT /F1 12 Tf 72 720 Td {shown} ET"
        objects.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * at} 0 R >>"
        )
        objects.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out = b"%PDF-1.4\n"
    places = []
    for number, text in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    count = len(objects) + 1
    start = len(out)
    out += f"xref\n0 {count}\n0000000000 65535 f \n{table}".encode()
    out += f"trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return out


def word() -> bytes:
    document = Document()
    document.add_heading("The lamp", level=1)
    document.add_paragraph("It burns rape oil.")
    document.add_heading("Keepers", level=2)
    table = document.add_table(rows=2, cols=2)
    for at, text in enumerate(("name", "since", "Ida", "1861")):
        table.cell(at // 2, at % 2).text = text
    document.add_paragraph("# 4 of them were sisters.")
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def found(tmp_path: Path, query: str, **files: bytes) -> tuple[IndexReport, list[Passage]]:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, payload in files.items():
        (folder / name.replace("_", ".")).write_bytes(payload)
    with closing(SqliteCollection(tmp_path / "the.index", folder)) as collection:
        report = collection.refresh()
        return report, list(collection.search(query).passages)


def problem_of(name: str, payload: bytes) -> str:
    given = extract(name, payload)
    assert isinstance(given, FileProblem)
    return given.message


def test_a_passage_of_a_pdf_tells_its_page(tmp_path: Path) -> None:
    report, passages = found(
        tmp_path, "beech wood", oven_pdf=pdf("The bakery", "The oven is heated\nwith beech wood.")
    )

    assert (report.files, report.problems) == (1, ())
    assert passages[0].file == "oven.pdf"
    assert passages[0].heading == ("Page 2",)
    assert "beech wood" in passages[0].text


def test_a_word_file_keeps_its_headings_and_tables(tmp_path: Path) -> None:
    report, passages = found(tmp_path, "Ida 1861", lamp_docx=word())

    assert report.problems == ()
    assert passages[0].heading == ("The lamp", "Keepers")
    assert "| Ida | 1861 |" in passages[0].text


def test_what_only_looks_like_a_heading_is_none() -> None:
    assert "\\# 4 of them" in str(extract("lamp.docx", word()))
    assert "\\#1 on the list" in str(extract("list.pdf", pdf("#1 on the list")))


def test_a_pdf_without_text_is_reported_as_empty(tmp_path: Path) -> None:
    report, _ = found(tmp_path, "anything", scan_pdf=pdf(""))

    assert [(problem.file, problem.code) for problem in report.problems] == [("scan.pdf", "empty")]


def test_an_encrypted_pdf_is_left_out_and_says_what_to_do() -> None:
    writer = PdfWriter(PdfReader(io.BytesIO(pdf("secret"))))
    writer.encrypt("word", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)

    assert problem_of("a.pdf", out.getvalue()) == "It is encrypted; save it without password."


@pytest.mark.parametrize("name", ["a.pdf", "a.docx"])
@pytest.mark.parametrize("payload", [b"", b"no such thing", b"%PDF-1.4\n\0\0", b"PK\x03\x04rest"])
def test_a_file_that_is_not_what_it_says_is_left_out_with_a_reason(
    name: str, payload: bytes
) -> None:
    assert problem_of(name, payload).startswith("No readable .")


@pytest.mark.parametrize("cut", range(20, 600, 40))
def test_a_pdf_cut_anywhere_breaks_nothing(cut: int) -> None:
    assert isinstance(extract("a.pdf", pdf("one", "two")[:cut]), str | FileProblem)


def test_another_zip_file_is_no_word_file() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")

    assert problem_of("a.docx", out.getvalue()).startswith("No readable .docx file")


def test_a_word_file_that_unpacks_to_too_much_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenuto.adapters.sqlite_fts.extracting.UNPACKED_BYTES_MAX", 1_000)

    assert "over 1000 it is left out" in problem_of("a.docx", word())
    assert UNPACKED_BYTES_MAX > 1_000


@pytest.mark.parametrize(("name", "module"), [("a.pdf", "pypdf"), ("a.docx", "docx")])
def test_without_the_extra_it_says_how_to_get_it(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    payload = pdf("one") if module == "pypdf" else word()

    assert problem_of(name, payload).endswith("pip install 'tenuto[documents]'.")
