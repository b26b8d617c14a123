"""Synthetic tables of a market: 15 firms, 50 products, with a price war of stated depth where asked.

Not a model: demand answers prices by a constant elasticity, books follow from that. What matters is that
the tables obey the schema and that their effects are known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from pricewar.base.edition import EDITION
from pricewar.base.months import month_after
from pricewar.results import metrics
from pricewar.results.store import Results, table

FIRMS = ("byd", "geely", "tesla", "wuling", "changan", "chery", "leapmotor", "xiaomi", "li-auto", "xpeng",
         "aion", "nio", "seres", "gwm", "saic")  # fmt: skip
NAMES = {"byd": "BYD", "li-auto": "Li Auto", "gwm": "Great Wall", "xiaomi": "Xiaomi"}
START = "2025-04"
DEPTH = {"baseline": 0.0, "byd-may-2025": 0.05, "byd-one-third": 0.33}
FOLLOW = {"geely": 1, "changan": 2, "chery": 2, "leapmotor": 1, "wuling": 3, "aion": 2}
VAT = 1.13
OPEN = 1e6
"""What each part of a firm's open orders comes to in peace, CNY."""


def cuts(scenario: str, seed: int, periods: int, firm_of: np.ndarray) -> np.ndarray:
    """(T, J) fraction by which each product stands below its start price; rivals follow with some luck."""
    luck = np.random.default_rng(seed + 1000).uniform(0.7, 1.3, len(FIRMS))
    depth = DEPTH[scenario]
    shape = np.clip(np.arange(periods), 0, 1) * np.clip((30 - np.arange(periods)) / 18, 0, 1)
    out = np.zeros((periods, len(firm_of)))
    for firm, name in enumerate(FIRMS):
        lag = 0 if name == "byd" else FOLLOW.get(name)
        if lag is not None:
            own = np.concatenate([np.zeros(lag), shape[: periods - lag]])
            out[:, firm_of == firm] = (depth * (1.0 if name == "byd" else 0.5 * luck[firm]) * own)[:, None]
    return out


def run(scenario: str, seed: int, periods: int = 36, products: int = 50) -> dict[str, pd.DataFrame]:
    """Tables of one run."""
    fixed = np.random.default_rng(7)
    firms = len(FIRMS)
    firm_of = np.sort(np.concatenate([np.arange(firms), fixed.integers(0, firms, products - firms)]))
    list_price = fixed.uniform(60e3, 320e3, products).round(-2)
    start_units = fixed.lognormal(8.6, 0.8, products)
    start_price = list_price * 0.92
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 0.05, (periods, products))
    cut = cuts(scenario, seed, periods, firm_of)
    price = start_price * (1 - cut)
    rival = (cut @ start_units / start_units.sum())[:, None]
    grow = 1 + 0.01 * np.arange(periods)[:, None]
    units = start_units * grow * np.exp(noise) * (1 - cut) ** -2.0 * (1 - 0.8 * rival)
    cost = start_price / VAT * 0.82 * (1 - 0.002 * np.arange(periods)[:, None])
    net = price / VAT
    months = [month_after(START, t) for t in range(periods)]
    run_keys = {"scenario": scenario, "seed": seed}

    def long(width: int) -> dict:
        return run_keys | {"period": np.repeat(np.arange(periods), width), "month": np.repeat(months, width)}

    names = np.array(FIRMS)[firm_of]
    ids = [f"{name}-{j}" for j, name in enumerate(names)]
    full = np.broadcast_to
    shape = (periods, products)
    product_rows = long(products) | {
        "firm": np.tile(names, periods),
        "product": np.tile(ids, periods),
        "segment": "compact",
        "list_price": full(list_price, shape).ravel(),
        "promotion": (list_price - price).ravel(),
        "price": price.ravel(),
        "net_price": net.ravel(),
        "paid_price": price.ravel(),
        "reference_price": full(start_price, shape).ravel(),
        "cost_index": 1.0,
        "units": units.ravel(),
        "orders": units.ravel(),
        "produced": units.ravel(),
        "voided": 0.0,
        "backlog": 0.0,
        "stock": full(1.5 * start_units, shape).ravel(),
        "order_value": (units * price).ravel(),
        "refunds": 0.0,
        "voided_value": 0.0,
        "protection_paid": 0.0,
        "book_value": 0.0,
        "unit_cost": cost.ravel(),
        "on_sale": True,
        "subsidy": 0.0,
    }
    owner = np.equal.outer(firm_of, np.arange(firms)).astype(float)
    sold, revenue, made = units @ owner, (units * net) @ owner, (units * cost) @ owner
    fixed_cost = 0.9 * ((start_units * (start_price / VAT - cost[0])) @ owner)
    fixed_cost[FIRMS.index("xiaomi")] *= 1.4
    profit = revenue - made - fixed_cost
    change = (-cut * start_units) @ owner / (start_units @ owner)
    wide = (periods, firms)
    firm_rows = long(firms) | {
        "firm": np.tile(FIRMS, periods),
        "active": True,
        "units": sold.ravel(),
        "orders": sold.ravel(),
        "share": (sold / sold.sum(axis=1, keepdims=True)).ravel(),
        "revenue": revenue.ravel(),
        "production_cost": made.ravel(),
        "gross_profit": (revenue - made).ravel(),
        "gross_margin": (1 - made / revenue).ravel(),
        "fixed_cost": full(fixed_cost, wide).ravel(),
        "operating_profit": profit.ravel(),
        "cash": (2e10 + profit.cumsum(axis=0)).ravel(),
        "payables": (made * 4).ravel(),
        "payable_days": 120.0,
        "inventory": full((1.5 * start_units * cost[0]) @ owner, wide).ravel(),
        "stock": full(1.5 * start_units @ owner, wide).ravel(),
        "stock_months": (1.5 * start_units @ owner / sold).ravel(),
        "backlog": 0.0,
        "capacity": full(2 * start_units @ owner, wide).ravel(),
        "brand": 0.0,
        "price_change": change.ravel(),
        "reference_change": 0.0,
        "cut_depth": -change.ravel(),
        "refunds": 0.0,
        "book_value": 0.0,
        "deposits": 0.0,
        "petrol_profit": 0.0,
    }
    surplus = (units * (start_price * 0.25 + 0.5 * (start_price - price))).sum(axis=1)
    fiscal = -0.13 * revenue.sum(axis=1)
    petrol = 2e4 * (3e5 - 0.5 * sold.sum(axis=1))
    market_rows = long(1) | {
        "shoppers": 3e6,
        "arrivals": 3e6,
        "units": sold.sum(axis=1),
        "orders": sold.sum(axis=1),
        "mean_wait": 0.2,
        "outside_share": 1 - sold.sum(axis=1) / 3e6,
        "waiting": 0.0,
        "mean_price": (units * price).sum(axis=1) / sold.sum(axis=1),
        "price_index": metrics.price_index(price, start_price, start_units),
        "discount_depth": metrics.discount_depth(list_price - price, list_price, units),
        "hhi": metrics.hhi(sold),
        "effective_firms": metrics.effective_firms(sold),
        "reference_index": 100.0,
        "war_index": metrics.war_index(price, start_price, start_units),
        "below_cost_share": metrics.below_cost_share(net, cost, units),
        "consumer_surplus": surplus,
        **{f"consumer_surplus_{q}": surplus * q / 15 for q in range(1, 6)},
        "feels_cheap": 0.1 * surplus,
        "refunds": 0.0,
        "state_surprise": 0.0,
        "producer_surplus": profit.sum(axis=1),
        "petrol_units": 3e5 - 0.5 * sold.sum(axis=1),
        "petrol_profit": petrol,
        "petrol_taxes": 0.0,
        "supplier_profit": 0.05 * made.sum(axis=1),
        "suppliers_failed": 0.0,
        "fiscal_cost": fiscal,
        "welfare": metrics.welfare(surplus, profit.sum(axis=1) + petrol, 0.05 * made.sum(axis=1), fiscal),
        "firms_active": float(firms),
    }
    book = run_keys | {
        "book": np.repeat(["opening", "closing"], firms),
        "firm": np.tile(FIRMS, 2),
        "product": np.tile([f"{name}-car" for name in FIRMS], 2),
        "cars": np.repeat([0.0, 100.0], firms),
    }
    money = {name: np.repeat([0.0, OPEN * (1.0 + DEPTH[scenario])], firms) for name in (
        "book_value", "refunds", "producer_surplus", "supplier_profit", "fiscal_cost", "consumer_surplus",
        *(f"consumer_surplus_{q}" for q in range(1, 6)),
    )}  # fmt: skip
    open_rows = book | money | {"welfare": money["book_value"] * 2.0}
    log_rows = run_keys | {"period": [1], "month": [months[1]], "entity": ["byd"], "what": ["imposed cut"]}
    if DEPTH[scenario] == 0:
        log_rows = {name: [] for name in ("scenario", "seed", "period", "month", "entity", "what")}
    run_row = run_keys | {"digest": [f"d-{scenario}"], "version": ["0.1.0"], "edition": [EDITION],
                          "status": ["ok"], "error": [""],
                          "seconds": [float(rng.uniform(0.1, 0.2))]}  # fmt: skip
    rows = {
        "products": product_rows,
        "firms": firm_rows,
        "market": market_rows,
        "open_orders": open_rows,
        "log": log_rows,
        "runs": run_row,
    }
    return {name: table(name, pd.DataFrame(data)) for name, data in rows.items()}


def results(scenarios: tuple[str, ...] = tuple(DEPTH), seeds: int = 4, periods: int = 36) -> Results:
    """Results of several scenarios and seeds."""
    parts = [run(scenario, seed, periods) for scenario in scenarios for seed in range(1, seeds + 1)]
    tables = {name: pd.concat([part[name] for part in parts], ignore_index=True) for name in parts[0]}
    about = {name: f"BYD cuts by {DEPTH[name]:.0%}" for name in scenarios}
    return Results(**tables, about=about, names=NAMES, command="pricewar compare " + " ".join(scenarios))
