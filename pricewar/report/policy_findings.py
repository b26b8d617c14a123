"""The findings of a policy study in plain sentences: an answer first, then what is surest and largest.

Every word follows from the numbers. That nothing beats doing nothing, and that the futures cannot tell, are
among the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

import numpy as np

from pricewar.base.arrays import Flags, Floats
from pricewar.plots.style import number
from pricewar.policy.carriers import Carrier, carriers
from pricewar.policy.measures import LEAST_WAR
from pricewar.policy.ranges import FEW, PARTIES, Outcome, buyers_gain, levels, outcome, party_gain
from pricewar.policy.spec import NONE
from pricewar.policy.study import PolicyStudy
from pricewar.policy.summary import buyers
from pricewar.policy.verdict import SURE, Verdict, verdict

MOST: Final = 5
"""Findings at most."""
NAMED: Final = 3
"""Options that are named one by one; of more, one."""
HALF: Final = 0.5
"""Part of the war that is left when it is called halved."""
_FIFTHS: Final = ("poorest", "second", "third", "fourth", "richest")


class Finding(NamedTuple):
    """One sentence or two, with what decides its place."""

    text: str
    share: float
    """Of the futures, in which it holds."""
    size: float
    """Money that it is about, millions of it counted as they are."""
    options: tuple[str, ...] = ()
    """Of which it speaks."""


def findings(study: PolicyStudy) -> list[Finding]:
    """The answer, then at most four more: those that hold in nearly all futures first, the largest first."""
    found = verdict(study)
    rest = [_war(study), _bill(study), _fifths(study), _rests(study, found)]
    known = [one for one in rest if one is not None]
    known.sort(key=lambda one: (one.share < SURE, -one.size))
    return [_answer(study, found), *known][:MOST]


# -- the answer ---------------------------------------------------------------------------------


def _answer(study: PolicyStudy, found: Verdict) -> Finding:
    told: dict[str, Callable[[PolicyStudy, Verdict], tuple[str, tuple[str, ...]]]]
    told = {"clear": _clear, "several": _several, "none": _none, "unsure": _unsure}
    text, options = told[found.kind](study, found)
    if found.few:
        text += (
            f" The study has {found.futures} futures; with fewer than {FEW} none of this can be called sure."
        )
    share = max(found.best.better, found.best.worse)
    return Finding(text, share, abs(found.best.gain.mean), options)


def _clear(study: PolicyStudy, found: Verdict) -> tuple[str, tuple[str, ...]]:
    best, named = found.best, study.spec.said
    least = min(found.beats.values(), default=1.0)
    than = f", and than any other measure in {_percent(least)} or more" if found.beats else ""
    return (
        f"{_upper(named(best.option))} is {'best in these' if found.few else 'clearly best'}: welfare "
        f"rises by {_money(study, best.gain)}. It does "
        f"better than doing nothing in {_percent(best.better)} of the futures{than}.",
        (best.option,),
    )


def _several(study: PolicyStudy, found: Verdict) -> tuple[str, tuple[str, ...]]:
    named, winners = study.spec.said, found.winners
    names = [one.option for one in winners]
    head = (
        f"{_upper(_listed(named(name) for name in names))} "
        f"{'do' if len(names) > 1 else 'does'} better than doing nothing in "
        f"{_percent(SURE)} of the futures or more; {named(winners[0].option)} raises welfare by "
        f"{_money(study, winners[0].gain)}."
    )
    close = [name for name, share in found.beats.items() if share < SURE and name in names]
    if len(names) > 1 and found.best.option == names[0] and close:
        rival = max(close, key=lambda name: 1.0 - found.beats[name])
        return (
            f"{head} Which of them is best we cannot tell: {named(names[0])} has the highest mean, and is "
            f"ahead of {named(rival)} in {_percent(found.beats[rival])} of the futures.",
            tuple(names),
        )
    best = found.best.option
    return (
        f"{head} Whether that is the best measure we cannot tell: {named(best)} has the highest mean.",
        tuple(dict.fromkeys([*names, best])),
    )


def _none(study: PolicyStudy, found: Verdict) -> tuple[str, tuple[str, ...]]:
    named, many, losers = study.spec.said, len(found.standings), len(found.losers)
    best, sure = found.best, f"welfare in {_percent(SURE)} of the futures or more"
    text = "Nothing beats doing nothing."
    if losers and many > 1:
        who = f"All {_count(many, 'measure')}" if losers == many else _of(losers, many)
        text += f" {who} lower{'s' if losers == 1 else ''} {sure}."
    if best.better == best.worse == 0.0:
        idle = [named(one.option) for one in found.standings if one.better == one.worse == 0.0]
        return f"{text} {_upper(_listed(idle))} change{'s' if len(idle) == 1 else ''} nothing.", (
            best.option,
        )
    share = f"it does better than doing nothing in {_percent(best.better)} of the futures"
    least = "The least is lost with" if many > 1 else "That is so of"
    return f"{text} {least} {named(best.option)}: {_money(study, best.gain)}; {share}.", (best.option,)


def _unsure(study: PolicyStudy, found: Verdict) -> tuple[str, tuple[str, ...]]:
    named, best = study.spec.said, found.best
    text = (
        "We cannot tell whether any measure beats doing nothing. Best in the mean is "
        f"{named(best.option)}: welfare changes by {_money(study, best.gain)}. It does better than doing "
        f"nothing in {_percent(best.better)} of the futures, worse in {_percent(best.worse)}."
    )
    losers = sorted(found.losers, key=lambda one: one.gain.mean)
    if losers:
        names = [named(one.option) for one in losers]
        many = f"{_count(len(names), 'measure')} of {len(found.standings)}, {names[0]} by most,"
        who = many if len(names) > NAMED else _listed(names)
        text += f" What can be told: {who} lower{'s' if len(names) == 1 else ''} welfare in "
        text += f"{_percent(SURE)} of the futures or more."
    return text, (best.option,)


# -- what else ----------------------------------------------------------------------------------


def _war(study: PolicyStudy) -> Finding | None:
    """The cheapest way for buyers to halve the fall of rivals' prices."""
    named, fall = study.spec.said, levels(study, NONE, "rivals_fall")
    fought = fall > LEAST_WAR
    if not fought.any():
        return Finding("Rivals' prices hardly fall below peace: there is no war to end.", 1.0, 0.0)
    part = {o: _halved(study, o, fall, fought) for o in study.spec.options[1:]}
    enders = [option for option, share in part.items() if share >= SURE]
    war = f"Without measures rivals' prices stand {_points(outcome(fall))} below peace"
    if not enders:
        near = max(part, key=lambda option: part[option])
        return Finding(
            f"{war}. No measure halves that in {_percent(SURE)} of the futures; {named(near)} comes nearest, "
            f"with {_percent(part[near])}.",
            1.0 - part[near],
            _size(buyers_gain(study, near)),
            (near,),
        )
    bill = {option: outcome(buyers_gain(study, option)) for option in enders}
    cheap = max(enders, key=lambda option: bill[option].mean)
    what = "gain" if bill[cheap].mean > 0 else "pay"
    others = len(enders) - 1
    more = f" {_upper(_count(others, 'other'))} halve{'s' if others == 1 else ''} it too." if others else ""
    return Finding(
        f"{war}. Of what halves that in {_percent(SURE)} of the futures or more, {named(cheap)} is cheapest "
        f"for buyers, who {what} {_money(study, bill[cheap], plain=True)}.{more}",
        part[cheap],
        abs(bill[cheap].mean),
        (cheap,),
    )


def _halved(study: PolicyStudy, option: str, fall: Floats, fought: Flags) -> float:
    return float(np.mean(levels(study, option, "rivals_fall")[fought] <= HALF * fall[fought]))


def _bill(study: PolicyStudy) -> Finding:
    """Between whom most money moves, and by how many options in that direction."""
    held, moved = list[tuple[float, str, str, str]](), {}
    for option in study.spec.options[1:]:
        own = {who: party_gain(study, option, who) for who in PARTIES}
        payer = min(own, key=lambda who: float(np.nanmean(own[who])))
        payee = max(own, key=lambda who: float(np.nanmean(own[who])))
        signs = float(np.mean((own[payer] < 0) & (own[payee] > 0)))
        moved[option] = (own[payer], own[payee])
        if signs >= SURE:
            held.append((_size(own[payer]), option, payer, payee))
    if not held:
        return Finding(
            f"Who pays cannot be told: under no measure do the same groups gain and lose in "
            f"{_percent(SURE)} of the futures.",
            0.0,
            0.0,
        )
    _, option, payer, payee = max(held, key=lambda row: row[0])
    alike = sum((row[2], row[3]) == (payer, payee) for row in held)
    lost, won = (outcome(part) for part in moved[option])
    return Finding(
        f"{_upper(_count(alike, 'measure'))} of {len(moved)} take{'s' if alike == 1 else ''} from {payer} "
        f"and give{'s' if alike == 1 else ''} to {payee} in {_percent(SURE)} of the futures or more. Most is "
        f"moved by {study.spec.said(option)}: {payer} {_money(study, lost)}, {payee} {_money(study, won)}.",
        SURE,
        abs(lost.mean),
        (option,),
    )


def _fifths(study: PolicyStudy) -> Finding | None:
    """Which income fifth bears most of its own surplus where buyers' gain or loss is largest."""
    rows = buyers(study).to_dict("records")
    means = {(str(row["option"]), str(row["what"])): float(row["mean"]) for row in rows}
    unit = study.spec.base.words.unit
    option = max(study.spec.options[1:], key=lambda one: abs(means[one, unit]))
    parts = {g: means[option, str(g)] for g in range(1, 6) if np.isfinite(means[option, str(g)])}
    if len(parts) < 2 or not any(parts.values()):
        return None
    most, least = (pick(parts, key=lambda g: abs(parts[g])) for pick in (max, min))
    lost = means[option, unit] < 0
    none = [_FIFTHS[g - 1] for g in range(1, 6) if g not in parts]
    text = (
        f"By their own surplus, {study.spec.said(option)} {'costs' if lost else 'gives'} the "
        f"{_FIFTHS[most - 1]} fifth of households most, {_share(parts[most])}, and the "
        f"{_FIFTHS[least - 1]} fifth least, {_share(parts[least])}."
    )
    if none:
        text += (
            f" The {_listed(none)} {'fifths have' if len(none) > 1 else 'fifth has'} next to none to lose."
        )
    signs = float(np.mean(np.sign(buyers_gain(study, option)) == (-1.0 if lost else 1.0)))
    return Finding(text, signs, _size(buyers_gain(study, option)), (option,))


def _rests(study: PolicyStudy, found: Verdict) -> Finding | None:
    """The assumption that moves the best option's gain most."""
    told = [one for one in carriers(study, found.best.option) if one.told]
    if not told:
        return None
    first = told[0]
    return Finding(
        f"What {study.spec.said(found.best.option)} is worth against doing nothing rests most on "
        f"{first.label}: {_amount(study, first.low.mean)} where it is low ({first.low.value}), "
        f"{_amount(study, first.high.mean)} where it is high ({first.high.value}). {_turned(told)}",
        0.0,
        first.swing,
        (found.best.option,),
    )


def _turned(told: list[Carrier]) -> str:
    """Where assumptions turn the sign."""
    flips = [one for one in told if one.flip]
    if not flips:
        return "None of the assumptions turns the sign by itself."
    first = flips[0]
    where = "that" if first is told[0] else first.label
    more = f", and {_count(len(flips) - 1, 'other')} can turn it too" if len(flips) > 1 else ""
    return f"The sign turns where {where} is {first.flip}{more}."


# -- words --------------------------------------------------------------------------------------


def _money(study: PolicyStudy, found: Outcome, plain: bool = False) -> str:
    """Mean and 5 to 95% of futures: `CNY −12.1 bn (−30 to 4)`; without signs where the verb has them."""
    factor = study.spec.base.words.total.factor
    mean, low, high = (factor * value for value in (found.mean, found.low, found.high))
    if plain and mean < 0:
        mean, low, high = -mean, -high, -low
    text = study.spec.base.words.amount(number(mean, signed=not plain))
    return f"{text} ({number(low)} to {number(high)})" if np.isfinite(low) else text


def _amount(study: PolicyStudy, value: float) -> str:
    words = study.spec.base.words
    return words.amount(number(words.total.factor * value, signed=True))


def _points(found: Outcome) -> str:
    mean, low, high = (100 * value for value in (found.mean, found.low, found.high))
    text = f"{number(mean, 1)} points"
    return f"{text} ({number(low, 1)} to {number(high, 1)})" if np.isfinite(low) else text


def _size(values: Floats) -> float:
    return float(abs(np.nanmean(values)))


def _percent(share: float) -> str:
    return f"{number(100 * share, 0)}%"


def _share(percent: float) -> str:
    return f"{number(percent, 1, signed=True)}%"


def _many(many: int) -> str:
    words = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[many] if many < len(words) else str(many)


def _of(part: int, many: int) -> str:
    return f"{_upper(_many(part))} of {_count(many, 'measure')}"


def _count(many: int, noun: str) -> str:
    return f"{_many(many)} {noun}{'' if many == 1 else 's'}"


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}"


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:]
