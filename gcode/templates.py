"""G-code templates: text with `{placeholders}`, checked, without `eval`.

    {name}   {name:.1f}   {nozzle_temperature - 20}   {max(layer_z, 10) + 2}   {{ and }} for braces

Expressions know the given values, numbers, + - * / // %, comparisons, `a if b else c`, and min, max, round, int, abs.
"""

from __future__ import annotations

import ast
import difflib
import operator
import re
import string
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from gcode.errors import TemplateError

BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
}
COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {"min": min, "max": max, "round": round, "int": int, "abs": abs}

WIDE = re.compile(r"\d{3}")
"""A format that makes no line of G-code, but fills the memory."""

Field = tuple[str, ast.expr | None, str]
"""Literal text, then the expression and format that follow it (None: nothing follows)."""


def render(template: str, values: Mapping[str, object], where: str) -> list[str]:
    """Return the lines of a template with its placeholders filled in.

    Raises `TemplateError` naming the template (`where`), the line, and what is wrong with it.

    >>> render("M104 S{t - 20}\\nG1 Z{z:.1f} ; {{up}}", {"t": 210, "z": 5}, "end_gcode")
    ['M104 S190', 'G1 Z5.0 ; {up}']
    """
    lines = []
    for number, line in enumerate(template.splitlines(), 1):
        try:
            lines.append("".join(_filled(field, values) for field in _fields(line)))
        except (TemplateError, ValueError, TypeError, ArithmeticError) as error:
            raise TemplateError(f"{where}, line {number}: {error} in {line!r}") from None
    return lines


@lru_cache(maxsize=256)
def _fields(line: str) -> tuple[Field, ...]:
    """Return the parsed fields of one line."""
    fields: list[Field] = []
    for text, expression, form, conversion in string.Formatter().parse(line):
        if expression is None:
            fields.append((text, None, ""))
            continue
        if conversion or "{" in (form or "") or WIDE.search(form or ""):
            raise TemplateError(f"cannot read the placeholder {{{expression}}}")
        try:
            fields.append((text, ast.parse(expression.strip(), mode="eval").body, form or ""))
        except (SyntaxError, RecursionError):
            raise TemplateError(f"cannot read the placeholder {{{expression}}}") from None
    return tuple(fields)


def _filled(field: Field, values: Mapping[str, object]) -> str:
    """Return one field as text; a number without format keeps at most six decimals."""
    text, expression, form = field
    if expression is None:
        return text
    value = _value(expression, values)
    if form:
        return text + format(value, form)
    if isinstance(value, bool):
        return text + str(int(value))
    if isinstance(value, float):
        return text + (f"{value:.6f}".rstrip("0").rstrip(".") or "0")
    return text + str(value)


def _value(node: ast.expr, values: Mapping[str, object]) -> Any:
    """Return the value of an expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
        return node.value
    if isinstance(node, ast.Name):
        return _named(node.id, values)
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        left, right = _value(node.left, values), _value(node.right, values)
        if isinstance(left, str) or isinstance(right, str):
            raise TemplateError(f"cannot calculate with the text {left if isinstance(left, str) else right!r}")
        return BINARY[type(node.op)](left, right)
    if isinstance(node, ast.UnaryOp) and type(node.op) in UNARY:
        return UNARY[type(node.op)](_value(node.operand, values))
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARE:
        return COMPARE[type(node.ops[0])](_value(node.left, values), _value(node.comparators[0], values))
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test, values) else node.orelse, values)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in FUNCTIONS
        and not node.keywords
    ):
        return FUNCTIONS[node.func.id](*(_value(argument, values) for argument in node.args))
    raise TemplateError(f"a placeholder cannot hold {ast.unparse(node)!r}")


def _named(name: str, values: Mapping[str, object]) -> object:
    """Return the value of a name; raise with the nearest known one."""
    if name in values:
        return values[name]
    near = difflib.get_close_matches(name, list(values), 1, 0.5)
    raise TemplateError(f"unknown placeholder {name!r}" + (f" (did you mean {near[0]!r}?)" if near else ""))
