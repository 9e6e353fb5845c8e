"""The query language's grammar: text to a statement, or the vendor's complaint about it. Execution: `sandbox.qbo.query`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sandbox.qbo.entities import entity_named

DEFAULT_RESULTS = 100
MAX_RESULTS = 1000

Operator = Literal["=", "<", ">", "<=", ">=", "IN", "LIKE"]


class QueryError(Exception):
    """The statement cannot be served. code: 4000 for what does not parse, 4001 for what does not validate."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Condition(NamedTuple):
    """One comparison; `values` has one element unless the operator is IN."""

    path: tuple[str, ...]
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed query. start is 1-based; order is a property path with True for descending."""

    entity: str
    is_count: bool
    conditions: tuple[Condition, ...]
    order: tuple[tuple[tuple[str, ...], bool], ...]
    start: int
    limit: int


_TOKEN = re.compile(
    r"""\s*(?:
      '(?P<text>(?:\\.|[^'\\])*)'
    | (?P<operator><=|>=|=|<|>)
    | (?P<mark>[(),*])
    | (?P<word>[^\s'(),*=<>]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


class _Token(NamedTuple):
    kind: str
    text: str

    def is_word(self, *words: str) -> bool:
        return self.kind == "word" and self.text.upper() in words


def _tokens(text: str) -> list[_Token]:
    found, position = [], 0
    text = text.strip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise QueryError("4000", f'QueryParserError: Encountered "{text[position : position + 20]}" at position {position + 1}')
        kind = match.lastgroup or "word"
        value = match.group(kind)
        found.append(_Token(kind, re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL) if kind == "text" else value))
        position = match.end()
    return found


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.at = 0

    def peek(self) -> _Token:
        return self.tokens[self.at] if self.at < len(self.tokens) else _Token("end", "<EOF>")

    def take(self) -> _Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        if self.peek().is_word(*words):
            self.at += 1
            return True
        return False

    def expect(self, kind: str, text: str | None = None) -> str:
        token = self.take()
        if token.kind != kind or (text is not None and token.text.upper() != text):
            raise _unexpected(token, text or kind)
        return token.text


def _unexpected(token: _Token, wanted: str) -> QueryError:
    return QueryError("4000", f'QueryParserError: Encountered " <{token.kind.upper()}> "{token.text} "" Was expecting: {wanted}')


def parse(text: str) -> Statement:
    """The statement in `text`; QueryError when it is none."""
    reader = _Reader(text)
    reader.expect("word", "SELECT")
    is_count = _selection(reader)
    reader.expect("word", "FROM")
    name = reader.expect("word")
    entity = entity_named(name)
    if entity is None:
        raise QueryError("4001", f"QueryValidationError: Invalid context declaration: {name}")
    conditions = []
    if reader.accept("WHERE"):
        conditions.append(_condition(reader))
        while reader.accept("AND"):
            conditions.append(_condition(reader))
    order = _order(reader)
    start = _number(reader, "STARTPOSITION", default=1, most=None)
    limit = _number(reader, "MAXRESULTS", default=DEFAULT_RESULTS, most=MAX_RESULTS)
    if reader.peek().kind != "end":
        raise _unexpected(reader.peek(), "<EOF>")
    return Statement(entity, is_count, tuple(conditions), order, start, limit)


def _selection(reader: _Reader) -> bool:
    token = reader.take()
    if token == _Token("mark", "*"):
        return False
    if token.is_word("COUNT"):
        for mark in "(*)":
            reader.expect("mark", mark)
        return True
    raise _unexpected(token, "* or count(*)")


def _condition(reader: _Reader) -> Condition:
    path = _path(reader)
    token = reader.take()
    if token.kind == "operator":
        return Condition(path, token.text, (_value(reader),))  # type: ignore[arg-type]
    if token.is_word("LIKE"):
        return Condition(path, "LIKE", (reader.expect("text"),))
    if token.is_word("IN"):
        reader.expect("mark", "(")
        values = [_value(reader)]
        while reader.peek() == _Token("mark", ","):
            reader.take()
            values.append(_value(reader))
        reader.expect("mark", ")")
        return Condition(path, "IN", tuple(values))
    raise _unexpected(token, "an operator")


def _path(reader: _Reader) -> tuple[str, ...]:
    return tuple(part.lower() for part in reader.expect("word").split("."))


def _value(reader: _Reader) -> str:
    token = reader.take()
    if token.kind not in ("text", "word"):
        raise _unexpected(token, "a value")
    return token.text


def _order(reader: _Reader) -> tuple[tuple[tuple[str, ...], bool], ...]:
    if reader.accept("ORDER"):
        reader.expect("word", "BY")
    elif not reader.accept("ORDERBY"):
        return ()
    keys = []
    while True:
        path = _path(reader)
        keys.append((path, reader.accept("DESC") if not reader.accept("ASC") else False))
        if reader.peek() != _Token("mark", ","):
            return tuple(keys)
        reader.take()


def _number(reader: _Reader, word: str, default: int, most: int | None) -> int:
    if not reader.accept(word):
        return default
    text = reader.expect("word")
    if not re.fullmatch(r"-?\d{1,18}", text):
        raise QueryError("4000", f'QueryParserError: Encountered "{text}" Was expecting: an integer after {word}')
    value = int(text)
    if value < 1:
        raise QueryError("4001", f"QueryValidationError: value {value} is too small. Min allowed value is 1")
    if most is not None and value > most:
        raise QueryError("4001", f"QueryValidationError: value {value} is too large. Max allowed value is {most}")
    return value
