"""docs/checks.md says what the rules say."""

import re
from pathlib import Path

from gcode.checks import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "checks.md").read_text(encoding="utf-8")


def test_the_table_of_rules_is_that_of_the_declarations():
    wanted = [f"| `{r.name}` | {r.severity.name.lower()} | {r.what} | {r.remedy} |" for r in RULES.values()]
    assert re.findall(r"^\| `.*$", PAGE, re.MULTILINE) == wanted
