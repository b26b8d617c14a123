"""Predictions of a class: collected, hidden, shown, and then put to the test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from app_server import Client, serving

from pricewar.app.game_rules import GameError
from pricewar.app.hall import IDLE
from pricewar.app.lessons import LESSONS
from pricewar.app.predictions import MOST_ANSWERS, Asked

PHONES = [f"{n:032x}" for n in range(5)]


@pytest.fixture(scope="module")
def site() -> Iterator[Client]:
    with serving() as client:
        yield client


def test_what_was_predicted_is_hidden_until_it_is_shown(site: Client) -> None:
    made = site.post("/api/predictions", {"lesson": "bertrand"}).json
    path = f"/api/predictions/{made['code']}"
    for phone, option in zip(PHONES, (0, 2, 2, 1, 0), strict=True):
        assert site.post(path, {"browser": phone, "option": option}).status == 200
    assert site.post(path, {"browser": PHONES[3], "option": 2}).json["answers"] == 5, (
        "one browser, one answer"
    )
    assert site.get(path).json == {"lesson": "bertrand", "stage": "open", "answers": 5, "counts": None}
    assert site.post(f"{path}/stage", {"stage": "shown"}, "made up").status == 403
    assert site.post(f"{path}/stage", {"stage": "shown"}, made["token"]).json["counts"] == [2, 0, 3]
    late = site.post(path, {"browser": "f" * 32, "option": 0})
    assert (late.status, late.json["error"]) == (409, "The predictions are shown already.")
    assert site.post(f"{path}/stage", {"stage": "revealed"}, made["token"]).json["stage"] == "revealed"
    back = site.post(f"{path}/stage", {"stage": "shown"}, made["token"])
    assert back.json["stage"] == "revealed", "there is no way back"
    assert b"<svg" in site.get(f"{path}/qr.svg").body


def test_what_does_not_fit_is_refused(site: Client) -> None:
    assert site.post("/api/predictions", {"lesson": "none"}).status == 404
    assert site.get("/api/predictions/ZZZZZ").status == 404
    made = site.post("/api/predictions", {"lesson": "bertrand"}).json
    path = f"/api/predictions/{made['code'].lower()}"
    for body in (
        {"browser": PHONES[0], "option": len(LESSONS["bertrand"].options)},
        {"browser": PHONES[0], "option": -1},
        {"browser": "short", "option": 0},
        {"option": 0},
        {"browser": PHONES[0], "option": 0, "name": "Ann"},
    ):
        assert site.post(path, body).status == 422, body
    assert site.post(f"{path}/stage", {"stage": "open"}, made["token"]).status == 422
    assert site.get(path).json["answers"] == 0


def test_a_flood_ends_and_old_classes_give_way() -> None:
    asked = Asked(most=2)
    first, _ = asked.ask("bertrand", 3, 0.0)
    for n in range(MOST_ANSWERS):
        first.predict(str(n), n % 3)
    with pytest.raises(GameError, match="predictions already"):
        first.predict("one more", 0)
    first.predict("7", 2)  # who has answered may change it
    assert first.view()["answers"] == MOST_ANSWERS
    second, _ = asked.ask("bertrand", 3, 1.0)
    assert asked.find(first.code, 2.0) is first
    asked.ask("bertrand", 3, 3.0)
    with pytest.raises(GameError, match="No class"):
        asked.find(second.code, 4.0)
    asked.ask("bertrand", 3, 5.0 + IDLE)
    with pytest.raises(GameError, match="No class"):
        asked.find(first.code, 6.0 + IDLE)
