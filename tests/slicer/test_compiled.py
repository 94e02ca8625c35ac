"""Whether the kernels are compiled, and what is said if not."""

import pytest

from slicer.tools import compiled


def test_interpreted_kernels_are_noticed(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "stone" / "kernels"
    package.mkdir(parents=True)
    for name in "__init__.py", "../__init__.py", "fast.py", "slow.py":
        (package / name).touch()
    (package / f"fast{compiled.EXTENSION_SUFFIXES[0]}").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(compiled, "PACKAGES", ("stone.kernels",))
    assert compiled.interpreted() == ["stone.kernels.slow"]
    (told,) = compiled.advice()
    assert told.startswith("1 kernels are not compiled")
