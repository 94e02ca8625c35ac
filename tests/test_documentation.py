"""What the documents say is true: their examples run, their links lead somewhere, their commands exist."""

import re
from pathlib import Path

import pytest

from fabthread.errors import EXIT_CODES
from fabthread.slice_cli import slice_models

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENTS = [REPOSITORY / "README.md", REPOSITORY / "CHANGELOG.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("name", ["README.md", "docs/python-api.md"])
def test_the_python_examples_run(name, tmp_path, monkeypatch, capsys):
    """The blocks of a page run one after another, as a reader would type them."""
    (tmp_path / "sample_models").symlink_to(REPOSITORY / "sample_models")
    monkeypatch.chdir(tmp_path)
    for block in blocks(REPOSITORY / name, "python"):
        exec(compile(block, name, "exec"), {})
    assert "layers" in capsys.readouterr().out
    assert list(tmp_path.glob("*.gcode"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document):
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("heading", ["Run it", "Test it"])
def test_the_readme_has_one_command_under_each_of_the_two_headings(heading):
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENTS[0].read_text(encoding="utf-8"), re.M | re.S)
    commands = re.findall(r"^```sh\n(.*?)^```", section.group(1), re.M | re.S)
    assert len(commands) == 1
    assert commands[0].count("\n") == 1


def test_every_exit_code_is_documented():
    text = (REPOSITORY / "docs" / "command-line.md").read_text(encoding="utf-8")
    for code, meaning in EXIT_CODES.items():
        assert f"| {code} | {meaning}" in text


def test_every_option_in_the_examples_exists():
    text = "\n".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    known = {option for parameter in slice_models.params for option in parameter.opts} | {
        "--help",
        "--layer",
        "--version",
    }
    for line in re.findall(r"^\$? ?fabthread slice.*$", text, re.M):
        for option in re.findall(r"(?<= )--[a-z-]+", line.split("#")[0]):
            assert option in known, line
