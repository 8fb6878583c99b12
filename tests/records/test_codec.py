"""Answers come back from the journal with every field, to the last bit."""

import json

import numpy as np
import pytest

from qvopt.optimizers.protocol import (
    Energy,
    Fidelity,
    Gradient,
    Matrix,
    Metric,
    PoolGradient,
    Scalar,
    Vector,
)
from qvopt.records.codec import decode_answer, decode_array, encode_answer, encode_array
from qvopt.records.events import FORMAT, Begin, RoundRecord
from qvopt_molecules.errors import InputError

X = np.array([0.1, 0.2])
THIRDS = np.array([1.0, 2.0]) / 3
SYMMETRIC = np.array([[1.0, 1 / 3], [1 / 3, 2.0]])
ANSWERS = {
    "energy": (Energy(X), Scalar(-1.1, 1 / 3, 100, 7.5)),
    "exact energy": (Energy(X), Scalar(-1.1)),
    "fidelity": (Fidelity(X, X), Scalar(0.9, 1e-3, 10, 2.5)),
    "gradient": (Gradient(X), Vector(THIRDS, THIRDS / 7, 400, np.array([1.5, 99.25]))),
    "component left out": (
        Gradient(X),
        Vector(THIRDS, np.array([np.inf, 0.1]), 40, np.array([np.inf, 3.0])),
    ),
    "exact gradient": (Gradient(X), Vector(THIRDS, np.zeros(2))),
    "pool": (PoolGradient(X), Vector(THIRDS, THIRDS / 9, 30, THIRDS * 10)),
    "metric": (Metric(X), Matrix(SYMMETRIC, SYMMETRIC / 50, 60, SYMMETRIC * 4)),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_every_field_of_an_answer_is_kept(name):
    query, answer = ANSWERS[name]
    read = decode_answer(query, json.loads(json.dumps(encode_answer(answer), allow_nan=False)))
    assert type(read) is type(answer)
    for field in answer._fields:
        kept, given = getattr(read, field), getattr(answer, field)
        assert (kept is None) == (given is None), field
        if given is not None:
            np.testing.assert_array_equal(kept, given, err_msg=field, strict=True)


def test_journals_without_degrees_of_freedom_of_vectors_are_read():
    old = {"value": [0.5, 0.25], "shots": 4, "variance": [0.1, 0.2]}
    assert decode_answer(Gradient(X), old).dof is None


def test_the_format_of_a_journal_is_in_its_first_event():
    begin = Begin("e", "h", {}, "h2")
    event = begin.encode()
    assert event["format"] == FORMAT
    assert Begin.decode(event) == begin
    assert Begin.decode({k: v for k, v in event.items() if k != "format"}) == begin
    for later in (FORMAT + 1, "x", None):
        with pytest.raises(InputError, match="journal has format"):
            Begin.decode(event | {"format": later})


def record_of(queries):
    answers = [Scalar(-1.0) if isinstance(q, Energy) else Vector(q.x, q.x) for q in queries]
    record = RoundRecord.of("optimizer", 0, queries, answers, {}, None, (), False, {})
    return RoundRecord.decode(json.loads(json.dumps(record.encode() | {"n": 3})))


@pytest.mark.parametrize("n", [2, 300])
def test_a_point_that_queries_share_is_written_once(n):
    x = np.random.default_rng(0).normal(size=n)
    queries = [Energy(x), Gradient(x.copy()), Energy(-x), Gradient(-x)]
    record = record_of(queries)
    assert ["x" in q for q in record.queries] == [True, False, True, False]
    answers, drift = record.replayed(queries)
    assert drift == 0.0
    np.testing.assert_array_equal(answers[3].value, -x)
    assert record.asked_at([x, x, -x, -x])
    assert not record.asked_at([x, x, x, -x])
    with pytest.raises(InputError, match="1e-6"):
        record.replayed([*queries[:3], Gradient(x)])


def test_rounds_of_earlier_formats_have_every_point():
    x = np.array([0.25, -1.5])
    old = record_of([Energy(x), Gradient(x)]).encode()
    for query in old["queries"]:
        query.pop("at", None)
        query["x"] = x.tolist()
    answers, drift = RoundRecord.decode(old).replayed([Energy(x), Gradient(x)])
    assert drift == 0.0
    np.testing.assert_array_equal(answers[1].value, x)


def test_long_arrays_take_eleven_characters_a_number_and_points_half():
    x = np.random.default_rng(1).normal(size=1000)
    record = record_of([Gradient(x)]).encode()
    assert len(json.dumps(record["answers"][0]["value"])) < 10_800
    assert len(json.dumps(record["queries"])) < 5_600


def test_a_rounded_point_is_recognised_to_the_last_bit():
    x = np.random.default_rng(2).normal(size=100) * np.logspace(-12, 3, 100)
    record = record_of([Energy(x)])
    assert record.replayed([Energy(x.copy())])[1] == 0.0
    for k in (0, 40, 99):
        other = x.copy()
        other[k] = np.nextafter(x[k], np.inf)
        _, drift = record.replayed([Energy(other)])
        assert np.abs(other - x).max() <= drift <= 1e-7 * np.abs(x).max()
        other[k] = x[k] + 1e-5 * max(1.0, abs(x[k]))
        with pytest.raises(InputError, match="1e-6"):
            record.replayed([Energy(other)])
    assert record.asked_at([x])


def test_points_in_full_of_earlier_formats_are_read():
    x = np.random.default_rng(3).normal(size=100)
    old = record_of([Energy(x)]).encode()
    old["queries"][0]["x"] = encode_array(x)
    assert "f8" in old["queries"][0]["x"]
    assert RoundRecord.decode(old).replayed([Energy(x)])[1] == 0.0
    x[3] += 1e-9
    assert RoundRecord.decode(old).replayed([Energy(x)])[1] == pytest.approx(1e-9, rel=1e-6)


def test_zeros_of_long_arrays_are_compressed():
    x = np.random.default_rng(4).normal(size=600)
    x[::2] = 0.0
    written = json.loads(json.dumps(encode_array(x)))
    assert len(json.dumps(written)) < 0.7 * len(json.dumps(encode_array(x + 1.0)))
    np.testing.assert_array_equal(decode_array(written), x)
    with pytest.raises(ValueError, match="decompressing"):
        decode_array({**written, "f8z": "AAAAAAAA"})
