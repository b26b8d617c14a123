// Parts of the teacher's desk: who sits where, the markets of a class, nudges that wait, and what may be taken home.
import { h, num, save, tell, words } from "/static/dom.js";

let shown = ""; // key of the market whose board stands on the desk

/** The market that the desk shows in full. */
export const chosen = (state) => state.markets.find((one) => one.key === shown) ?? state.markets[0];

/** Buttons that change which market is shown. */
export const marketChoice = (state, again) =>
  h(
    "div.row",
    { id: "market-choice", role: "group", "aria-label": "Market shown below" },
    h("span.quiet", {}, "Shown below"),
    state.markets.map((one) =>
      h(
        "button.small",
        {
          id: `show-${one.key}`,
          "aria-pressed": String(one === chosen(state)),
          onclick: () => {
            shown = one.key;
            again();
          },
        },
        `Market ${one.key}`,
      ),
    ),
  );

/** All markets in a line each. */
export const marketTable = (state) =>
  h(
    "section.card",
    {},
    h("h2", {}, "Markets"),
    h(
      "div.scroll",
      { tabindex: 0, role: "region", "aria-label": "Markets" },
      h(
        "table.now",
        { id: "markets" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            ["Market", "Treatment", "Round", "Decided", "Lowest price, % of start", `Profit so far, ${words.total}`].map((title) =>
              h("th", { scope: "col" }, title),
            ),
          ),
        ),
        h("tbody", {}, state.markets.map(marketRow)),
      ),
    ),
  );

function marketRow(one) {
  const people = one.seats.filter((seat) => seat.player);
  const prices = one.board.map((row) => row.price.at(-1)).filter((price) => price !== undefined && price !== null);
  return h(
    "tr",
    { id: `market-${one.key}` },
    [
      h("b", {}, one.key),
      one.treatment,
      one.phase === "over" ? `over after ${one.round}` : one.phase === "lobby" ? "–" : String(one.round + 1),
      one.phase === "open" ? `${people.filter((seat) => seat.decided).length} of ${people.length}` : `${people.length} here`,
      prices.length ? num(100 + 100 * Math.min(...prices), 1) : "–",
      one.round ? num(d3.sum(one.board, (row) => row.profit) / words.size, 2) : "–",
    ].map((cell) => h("td", {}, cell)),
  );
}

/** Who plays which firm; with several markets, market by market. */
export const seats = (state, order) =>
  h(
    "section.card",
    {},
    h("h2", {}, "Who plays"),
    understood(state),
    state.markets.map((one) => [
      state.several ? h("h3", {}, `Market ${one.key}`) : null,
      h(
        "table.now",
        { id: state.several ? `seats-${one.key}` : "seats", "aria-label": state.several ? `Seats of market ${one.key}` : "Seats" },
        h("tbody", {}, one.seats.map((seat) => seatRow(state, one, seat, order))),
      ),
    ]),
  );

/** How many have answered the questions on the rules, where they are asked. */
function understood(state) {
  const asked = state.markets.flatMap((one) => one.seats).filter((seat) => seat.player && seat.passed !== null);
  const passed = asked.filter((seat) => seat.passed).length;
  return asked.length && state.phase === "lobby"
    ? h("p.quiet", { id: "understood" }, `${passed} of ${asked.length} have answered all questions on the rules.`)
    : null;
}

function seatRow(state, market, seat, order) {
  const thinks = seat.player && market.phase === "open";
  return h(
    "tr",
    {},
    h("td", {}, h("b", {}, seat.player ?? "computer"), h("div.quiet", {}, seat.firm_name)),
    h(
      "td",
      {},
      thinks
        ? h(`span.tag${seat.decided ? ".yes" : ""}`, {}, seat.decided ? "decided" : "thinking")
        : market.phase === "lobby" && seat.player && seat.passed !== null
          ? h(`span.tag${seat.passed ? ".yes" : ""}`, {}, seat.passed ? "knows the rules" : "reads the rules")
          : seat.late
            ? h("span.tag", {}, `late ${seat.late}×`)
            : "",
    ),
    h("td", {}, seat.player && market.phase !== "over" ? free(state, market, seat, order) : ""),
  );
}

const free = (state, market, seat, order) =>
  h(
    "button.small",
    {
      id: state.several ? `free-${market.key}-${seat.firm}` : `free-${seat.firm}`,
      title: `Take ${seat.player} from this seat: somebody else, or the same player on another device, may sit down`,
      onclick: () =>
        order(
          { do: "free", firm: seat.firm, ...(state.several ? { market: market.key } : {}) },
          `${seat.firm_name} is free again.`,
        ),
    },
    "Free",
  );

/** Nudges that wait for their month; one that all markets got is one line. */
export function pending(state, order) {
  const all = state.markets.flatMap((one) => one.pending.map((nudge) => ({ ...nudge, market: one.key })));
  const lines = d3.groups(all, (nudge) => nudge.what);
  const where = (some) =>
    !state.several ? "" : some.length === state.markets.length ? " (all markets)" : ` (market ${some.map((one) => one.market).join(", ")})`;
  const undo = async (some) => {
    for (const one of some)
      await order({ do: "undo", number: one.number, ...(state.several ? { market: one.market } : {}) }, "Taken back.");
  };
  return h(
    "ul",
    { id: "pending", style: "margin:0 0 8px;padding-left:18px" },
    lines.map(([what, some]) =>
      h("li", {}, `${what}${where(some)} `, h("button.small", { id: `undo-${some[0].number}`, onclick: () => undo(some) }, "Take back")),
    ),
  );
}

/** What the teacher may take home. */
export function files(state, code, fetchFile) {
  const unnamed = h("input", { type: "checkbox", id: "unnamed" });
  const get = (id, what, name, text) =>
    h("button", { id, onclick: () => saveFrom(fetchFile, what, `${code}-${name}`) }, text);
  const table = (id, name, text) =>
    h(
      "button",
      { id, onclick: () => saveFrom(fetchFile, `${name}${unnamed.checked ? "?names=no" : ""}`, `${code}-${name}`) },
      text,
    );
  return h(
    "section.card",
    {},
    h("h2", {}, "Take it with you"),
    h(
      "div.row",
      {},
      table("decisions-csv", "decisions.csv", "Decisions (CSV)"),
      table("decisions-xlsx", "decisions.xlsx", "Decisions (XLSX)"),
      state.markets.some((one) => one.chat) ? table("chat-csv", "chat.csv", "Chat (CSV)") : null,
      get("results", "results.csv", "results.csv", "Results (CSV)"),
    ),
    h("label.tick", {}, unnamed, "Decisions and chat without names"),
    h(
      "div.row",
      {},
      state.several
        ? state.markets.map((one) =>
            get(`scenario-${one.key}`, `scenario.toml?market=${one.key}`, `${one.key}.toml`, `Market ${one.key} as a scenario`),
          )
        : get("scenario", "scenario.toml", "scenario.toml", "The game as a scenario"),
    ),
    h(
      "p.quiet",
      { style: "margin-top:8px" },
      "A scenario file holds every decision: ",
      h("code", {}, "pricewar run"),
      " plays the game again. Names stay on this machine and go with the game, six hours after it was last looked at.",
    ),
  );
}

async function saveFrom(fetchFile, what, name) {
  try {
    save(await fetchFile(what), name);
  } catch (error) {
    tell(error.message);
  }
}
