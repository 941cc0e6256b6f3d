"""The query language by itself: how it groups, and that an error says where and what to do."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sightline.analytics.binding import Value
from sightline.analytics.log_query import All, AnyOf, BadQuery, Between, Found, Has, Is, Not, parse

pytestmark = pytest.mark.unit
A, B, C = (Found(Value(text), everywhere=True) for text in "abc")


def has(text: str) -> Has:
    return Has(Value(text), (Value(text),))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", All(())), ("  \t", All(())), ("a", A), ("A", A), ("a b", All((A, B))), ("a AND b", All((A, B))),
        ("a OR b", AnyOf((A, B))), ("a b OR c", AnyOf((All((A, B)), C))), ("a (b OR c)", All((A, AnyOf((B, C))))),
        ("NOT a", Not(A)), ("-a", Not(A)), ("-(a b)", Not(All((A, B)))), ("NOT NOT a", Not(Not(A))),
        ("ORa", Found(Value("ora"), everywhere=True)), ('"a b"', Found(Value("a b"), everywhere=True)),
        ('"a \\" b"', Found(Value('a " b'), everywhere=True)), ("-", Found(Value("-"), everywhere=True)),
        ("NOT(a)", Not(A)), ("(a)OR(b)", AnyOf((A, B))), ("10:30", Found(Value("10:30"), everywhere=True)),
        ("message:A", Found(Value("a"), everywhere=False)), ("level:WARNING", Is("level", (Value("warn"),))),
        ("level:>error", Is("level", (Value("fatal"),))), ("level:>fatal", AnyOf(())),
        ("group:/aws/lambda/x", Is("log_group", (Value("/aws/lambda/x"),))), ("visit:12", Is("visit", (Value(12),))),
        ("a.b:1..2.5", Between("a.b", low=Value(1.0), high=Value(2.5))),
        ("a:*..2", Between("a", high=Value(2.0))), ("a:<-1", Between("a", high=Value(-1.0), high_closed=False)),
        ('url:"https://x/?a=1"', has('"url":"https://x/?a=1"')), ("a:x*", has('"a":"x')), ("a:*", has('"a":')),
        ("a:1", Has(Value("1"), (Value('"a":"1"'), Value('"a":1,'), Value('"a":1}')))),
    ],
)  # fmt: skip
def test_a_query_is_read_as_it_says(text: str, wanted: object) -> None:
    assert parse(text) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("level:loud", "at character 1: there is no level 'loud'"),
        ("a (b", "at character 3: this parenthesis is never closed"),
        ("a b)", "at character 4: this parenthesis closes nothing"),
        ('a "b', "at character 3: this quote is never closed"),
        ("a AND", "at character 6: something is missing after AND"),
        ("a OR ", "at character 6: something is missing after OR"),
        ("OR a", "at character 1: something is missing before OR"),
        ("a NOT", "at character 6: something is missing after NOT"),
        ("a service:", "at character 3: 'service' has no value"),
        ("a service:x*y", "at character 3: a * stands at the beginning or the end of a value"),
        ("service:>5", "at character 1: only levels and numbers of the fields are compared with < and >"),
        ("a:>five", "at character 1: 'five' is no number"), ("a:*x", "at character 1: a * stands at the end"),
        ("visit:abc", "at character 1: visit is an id, not 'abc'"), ("cold:yes", "at character 1: cold is true or"),
        ("(" * 30 + "a", "at character 22: this is nested more than 20 deep"), ("a " * 51, "more than 50 conditions"),
        ("x" * 2001, "a query has 2000 characters at most"), ("a\0", "a character that no text has"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_where(text: str, said: str) -> None:
    with pytest.raises(BadQuery) as caught:
        parse(text)
    assert said in str(caught.value)
    assert caught.value.field == "q"


@given(st.text(st.sampled_from(list('ab :"()*\\-<>.0OR NOTAND\n')), max_size=60) | st.text(max_size=60))
def test_any_text_is_a_query_or_an_error_of_ours(text: str) -> None:
    with contextlib.suppress(BadQuery):
        parse(text)
