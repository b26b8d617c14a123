// A player's desk: own books, rivals' prices, news, and the two numbers to decide.
import { boardTable } from "/static/board.js";
import { chart, extent } from "/static/charts.js";
import { debrief } from "/static/debrief.js";
import { $, h, monthName, num, tell } from "/static/dom.js";
import { PHASES, clock } from "/static/game.js";

let draft = null; // what is typed but not yet sent, and for which round
let missed = null; // what was typed and not sent when its round closed

export async function draw(page, { state, call, seat }) {
  if (draft && draft.round !== state.round) [missed, draft] = [draft, null];
  const typing = document.activeElement?.id;
  page.replaceChildren(
    h(
      "div.play",
      {},
      h("div.stack", {}, decide(state, call, seat.pin), news(state)),
      h(
        "div.stack",
        {},
        books(state),
        state.board && state.round
          ? h("section.card", {}, h("h2", {}, "The board"), boardTable(state.board))
          : null,
        charts(state),
        h("div", { id: "debrief" }),
      ),
    ),
  );
  if (typing === "list-price" || typing === "promotion") document.getElementById(typing)?.focus();
  if (state.phase === "over" && state.round > 0)
    $("#debrief").replaceChildren(debrief(await call("debrief"), $("#debrief").clientWidth, state.firm));
}

function decide(state, call, pin) {
  const open = state.phase === "open" && state.active;
  const last = state.own.list_price.length
    ? [state.own.list_price.at(-1), state.own.promotion.at(-1)]
    : [state.reference, state.reference - state.start_price];
  const [list, promotion] = draft ? [draft.list, draft.promotion] : (state.decided ?? allowed(state, last));
  const wrong = h("p.error", { id: "decide-error", role: "alert", style: "margin:6px 0" });
  const number = (id, value, low, high) =>
    h("input.big", {
      id,
      type: "number",
      inputmode: "numeric",
      min: low,
      max: high,
      step: 100,
      value,
      disabled: !open,
      oninput: keep,
    });
  const listInput = number("list-price", list, ...state.limits.list);
  const promotionInput = number(
    "promotion",
    promotion,
    0,
    Math.round(state.limits.promotion * state.limits.list[1]),
  );
  const pays = h("b", { id: "pays" });
  function say() {
    pays.textContent = `${num(Number(listInput.value) - Number(promotionInput.value), 0)} CNY`;
  }
  function keep() {
    draft = { round: state.round, list: listInput.value, promotion: promotionInput.value };
    say();
  }
  say();
  const send = async (event) => {
    event.preventDefault();
    wrong.textContent = "";
    try {
      const { closed } = await call("decide", {
        round: state.round,
        list_price: Number(listInput.value),
        promotion: Number(promotionInput.value),
      });
      draft = null;
      tell(
        closed
          ? "Yours was the last decision: the month has been run."
          : "Your price is in. You may change it until the round closes.",
      );
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  return h(
    "form.card",
    { onsubmit: send, novalidate: "" },
    h(
      "div.row.spread",
      {},
      h(
        "div",
        {},
        h("h1", { id: "firm-name" }, state.firm_name),
        h("div.quiet", { id: "player-name" }, state.name, pin ? h("span", { id: "pin" }, ` · PIN ${pin}`) : null),
      ),
      state.phase === "over" ? null : clock(state),
    ),
    h(
      "p",
      { id: "phase" },
      state.phase === "open"
        ? `Round ${state.round + 1} of ${state.rounds}: ${monthName(state.month)}`
        : PHASES[state.phase],
      state.active ? "" : ". Your firm has left the market.",
    ),
    h(
      "label",
      { for: "list-price" },
      `List price, CNY (${num(state.limits.list[0], 0)} to ${num(state.limits.list[1], 0)})`,
    ),
    listInput,
    h("label", { for: "promotion", style: "margin-top:8px" }, "Promotion off it, CNY"),
    promotionInput,
    h(
      "p",
      { style: "margin:8px 0 0" },
      "A buyer pays ",
      pays,
      `; a car costs you ${num(state.own.unit_cost, 0)} CNY`,
      state.vat ? ` before ${num(100 * state.vat, 0)}% VAT` : "",
      ".",
    ),
    told(state),
    wrong,
    h(
      "button.main",
      { id: "decide", type: "submit", disabled: !open, style: "width:100%" },
      state.decided ? "Change it" : "Set the price",
    ),
    state.decided
      ? h(
          "p",
          { style: "margin:8px 0 0" },
          h("span.tag.yes", { id: "decided" }, `Decided: ${num(state.decided[0] - state.decided[1], 0)} CNY`),
          state.stands.held
            ? h(
                "span",
                { id: "held" },
                ` ${state.stands.held} of your cars may not be that cheap: buyers pay ${num(state.stands.price, 0)} CNY on average.`,
              )
            : null,
        )
      : null,
  );
}

/** Last month's prices as far as this month's rules allow them. */
function allowed(state, last) {
  const list = Math.min(Math.max(Math.round(last[0]), state.limits.list[0]), state.limits.list[1]);
  return [list, Math.min(Math.round(last[1]), Math.max(list - state.limits.lowest, 0))];
}

/** What this player must know before deciding: rules in force, a decision given back, a round missed. */
function told(state) {
  const said = [];
  if (state.phase === "over") return null;
  if (state.notice) said.push(h("p.error", { id: "notice", role: "alert" }, state.notice));
  if (state.limits.lowest > 0)
    said.push(
      h("p", { id: "floor" }, `A buyer pays at least ${num(state.limits.lowest, 0)} CNY. ${state.limits.reasons.join(" ")}`),
    );
  else if (state.limits.reasons.length) said.push(h("p", { id: "floor" }, `For some of your cars: ${state.limits.reasons.join(" ")}`));
  if (state.last?.late)
    said.push(
      h(
        "p.error",
        { id: "late" },
        `You were too late in round ${state.round}: buyers paid ${num(state.last.stood, 0)} CNY${missedDraft(state)}.`,
      ),
    );
  return h("div", {}, said);
}

const missedDraft = (state) =>
  missed?.round === state.round - 1 ? `; the ${num(missed.list - missed.promotion, 0)} CNY on your page had not been sent` : "";

function books(state) {
  const own = state.own,
    last = (values) => values.at(-1);
  const box = (name, value, unit) =>
    h("div", {}, h("span", {}, name), h("b", {}, value), h("span", {}, unit));
  return h(
    "section.card",
    {},
    h("h2", {}, "Your books, last month"),
    h(
      "div.figures",
      { style: "margin:0" },
      box("Cars sold", num(last(own.units), 0), "cars"),
      box("Share", num(own.share.length ? 100 * last(own.share) : null, 1), "% of cars"),
      box("Profit", num(own.profit.length ? last(own.profit) / 1e9 : null, 2), "bn CNY"),
      box("Profit so far", num(own.profit.reduce((a, b) => a + b, 0) / 1e9, 2), "bn CNY"),
      box("Cash", num(own.cash_now / 1e9, 2), "bn CNY"),
      box("Fixed cost", num(own.fixed_cost / 1e9, 2), "bn CNY a month"),
      box(
        "Cash lasts",
        own.runway === null ? "–" : own.runway >= 36 ? "36+" : num(own.runway, 0),
        "months at this loss",
      ),
    ),
  );
}

const news = (state) =>
  h(
    "section.card",
    {},
    h("h2", {}, "News"),
    state.news.length
      ? h(
          "ul",
          { style: "margin:0;padding-left:18px" },
          state.news
            .slice(-8)
            .reverse()
            .map((n) => h("li", {}, `Round ${n.period + 1}: ${n.what}`)),
        )
      : h("p.quiet", { style: "margin:0" }, "Nothing yet."),
  );

function charts(state) {
  if (!state.round) return h("p.quiet", {}, "Charts appear after the first round.");
  const wide =
    window.innerWidth > 760 ? (Math.min(window.innerWidth, 1900) - 450) / 2 - 20 : window.innerWidth - 44;
  const own = state.own.list_price.map(
    (p, t) => 100 * ((p - state.own.promotion[t]) / state.start_price - 1),
  );
  const prices = [
    ...state.rivals
      .filter((r) => r.price.length)
      .map((r, i) => ({
        name: r.name,
        colour: state.rivals.length <= 5 ? ["#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"][i] : null,
        values: r.price.map((v) => (v === null ? null : 100 * v)),
      })),
    { name: "You", colour: "#0072B2", values: own },
  ];
  const profit = [{ name: "You", colour: "#0072B2", values: state.own.profit.map((v) => v / 1e9) }];
  const draw = (spec, series) =>
    chart(spec, series, {
      months: state.months,
      until: state.months.length,
      domain: extent([series], spec.zero),
      width: wide,
      height: 230,
    });
  return h(
    "div.charts.two",
    {},
    draw({ key: "price", title: "Prices against the start", unit: "%", zero: 0 }, prices),
    draw({ key: "profit", title: "Your operating profit", unit: "bn CNY a month", zero: 0 }, profit),
  );
}
