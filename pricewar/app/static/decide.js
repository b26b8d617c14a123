// The form in which a player decides. It stays where it is while others decide: a hand may be in it. Only what is
// said around its two fields is drawn anew; a new round brings a new form.
import { $, h, inMoney, monthName, num, tell, words } from "/static/dom.js";
import { PHASES, clock } from "/static/game.js";

let draft = null; // what is typed but not yet sent, and for which round
let missed = null; // what was typed and not sent when its round closed

/** What a form is for: one round, or the end. */
export const ofWhat = (state) => (state.phase === "over" ? "over" : String(state.round));

/** The form of a round; `refresh(form, state)` tells it what has changed. Once the game is over nothing is asked. */
export function decideForm(state, call, pin) {
  if (state.phase === "over")
    return h("section.card", { "data-round": "over" }, who(state), h("p", { id: "phase" }, PHASES.over));
  if (draft && draft.round !== state.round) [missed, draft] = [draft, null];
  const field = (id) =>
    h("input.big", { id, type: "number", inputmode: "decimal", min: 0, step: words.digits ? 0.01 : 100, oninput: () => keep(form) });
  const form = h(
    "form.card",
    { "data-round": state.round, novalidate: "" },
    h(
      "div.row.spread",
      {},
      who(state, pin),
      h("div", { id: "time" }),
    ),
    h("p", { id: "phase" }),
    h("label", { for: "list-price", id: "range" }),
    field("list-price"),
    h("label", { for: "promotion", style: "margin-top:8px" }, `Promotion off it, ${words.money}`),
    field("promotion"),
    h(
      "p",
      { style: "margin:8px 0 0" },
      "A buyer pays ",
      h("b", { id: "pays" }),
      `; ${words.a_unit} costs you ${inMoney(state.own.unit_cost)}`,
      state.vat ? ` before ${num(100 * state.vat, 0)}% VAT` : "",
      ".",
    ),
    h("div", { id: "to-know" }),
    h("p.error", { id: "decide-error", role: "alert", style: "margin:6px 0" }),
    h("button.main", { id: "decide", type: "submit", style: "width:100%" }),
    h("div", { id: "in" }),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    send(form, call);
  };
  const [list, promotion] = draft
    ? [draft.list, draft.promotion]
    : (state.decided ?? allowed(state, lastMonth(state)));
  $("#list-price", form).value = list;
  $("#promotion", form).value = promotion;
  refresh(form, state);
  return form;
}

const who = (state, pin) =>
  h(
    "div",
    {},
    h("h1", { id: "firm-name" }, state.firm_name),
    h(
      "div.quiet",
      { id: "player-name" },
      state.name,
      state.market_key ? ` · market ${state.market_key}` : "",
      pin ? h("span", { id: "pin" }, ` · PIN ${pin}`) : null,
    ),
  );

/** Tell the form what has changed, around the two fields and without touching what is typed in them. */
export function refresh(form, state) {
  const open = state.phase === "open" && state.active;
  const [low, high] = state.limits.list;
  const [list, promotion, button] = ["#list-price", "#promotion", "#decide"].map((id) => $(id, form));
  Object.assign(list, { min: low, max: high, disabled: !open });
  Object.assign(promotion, { max: rounded(state.limits.promotion * high), disabled: !open });
  Object.assign(button, { disabled: !open, textContent: state.decided ? "Change it" : "Set the price" });
  $("#time", form).replaceChildren(...(state.phase === "lobby" ? [] : [clock(state)]));
  $("#phase", form).textContent =
    (state.phase === "open"
      ? `${state.practice ? "Practice, nothing counts yet. " : ""}Round ${state.round + 1}${ofHowMany(state)}: ${monthName(state.month)}`
      : PHASES[state.phase]) + (state.active ? "" : ". Your firm has left the market.");
  $("#range", form).textContent = `List price, ${words.money} (${num(low, words.digits)} to ${num(high, words.digits)})`;
  $("#to-know", form).replaceChildren(...toKnow(state));
  $("#in", form).replaceChildren(...decided(state));
  sayPays(form);
}

/** The last round where it is known, else what may end the game. */
const ofHowMany = (state) =>
  state.stop
    ? `; from round ${state.sure} on the game ends after a round with a chance of ${num(100 * state.stop, 0)}%`
    : ` of ${state.rounds}`;

const typed = (form) => ["#list-price", "#promotion"].map((id) => Number($(id, form).value));

function sayPays(form) {
  const [list, promotion] = typed(form);
  $("#pays", form).textContent = inMoney(list - promotion);
}

function keep(form) {
  const [list, promotion] = typed(form);
  draft = { round: Number(form.dataset.round), list, promotion };
  sayPays(form);
}

async function send(form, call) {
  const [list, promotion] = typed(form);
  $("#decide-error", form).textContent = "";
  try {
    const round = Number(form.dataset.round);
    const { closed } = await call("decide", { round, list_price: list, promotion });
    draft = null;
    tell(
      closed
        ? `Yours was the last decision: the ${words.period} has been run.`
        : "Your price is in. You may change it until the round closes.",
    );
  } catch (error) {
    if (form.isConnected) $("#decide-error", form).textContent = error.message;
    else tell(error.message); // a new round began meanwhile
  }
}

function decided(state) {
  if (!state.decided) return [];
  const { held, price } = state.stands;
  return [
    h(
      "p",
      { style: "margin:8px 0 0" },
      h("span.tag.yes", { id: "decided" }, `Decided: ${inMoney(state.decided[0] - state.decided[1])}`),
      held
        ? h(
            "span",
            { id: "held" },
            ` ${held} of your ${words.units} may not be that cheap: buyers pay ${inMoney(price)} on average.`,
          )
        : null,
    ),
  ];
}

/** As people ask for a price: in whole money, or in cents. */
const rounded = (price) => Number(price.toFixed(words.digits));

const lastMonth = (state) =>
  state.own.list_price.length
    ? [state.own.list_price.at(-1), state.own.promotion.at(-1)]
    : [state.reference, state.reference - state.start_price];

/** Last month's prices as far as this month's rules allow them. */
function allowed(state, last) {
  const list = Math.min(Math.max(last[0], state.limits.list[0]), state.limits.list[1]);
  return [list, Math.min(last[1], Math.max(list - state.limits.lowest, 0))].map(rounded);
}

/** What this player must know before deciding: rules in force, a decision given back, a round missed. */
function toKnow(state) {
  const { lowest, reasons } = state.limits;
  const said = [];
  if (state.notice) said.push(h("p.error", { id: "notice", role: "alert" }, state.notice));
  if (reasons.length)
    said.push(
      h(
        "p",
        { id: "floor" },
        lowest > 0 ? `A buyer pays at least ${inMoney(lowest)}. ` : `For some of your ${words.units}: `,
        reasons.join(" "),
      ),
    );
  if (state.last?.late)
    said.push(
      h(
        "p.error",
        { id: "late" },
        `You were too late in round ${state.round}: buyers paid ${inMoney(state.last.stood)}${notSent(state)}.`,
      ),
    );
  return said;
}

const notSent = (state) =>
  missed?.round === state.round - 1
    ? `; the ${inMoney(missed.list - missed.promotion)} on your page had not been sent`
    : "";
