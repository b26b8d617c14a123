// The board: who stands where, for the wall and for players.
import { chart, extent } from "/static/charts.js";
import { byPeriod, capital, h, monthName, num, words } from "/static/dom.js";

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

export function wall(state) {
  const firms = [...state.board].sort((a, b) => a.firm.localeCompare(b.firm));
  const colour = new Map(firms.map((row, i) => [row.firm, COLOURS[i % COLOURS.length]]));
  const dash = new Map(firms.map((row, i) => [row.firm, Math.floor(i / COLOURS.length)]));
  const months = state.months.length ? state.months : [state.month];
  const wide =
    Math.min(window.innerWidth, 1900) > 760
      ? (Math.min(window.innerWidth, 1900) - 470) / 2 - 30
      : window.innerWidth - 44;
  const lines = (key, factor) =>
    firms.map((row) => ({
      name: row.player ?? row.name,
      colour: colour.get(row.firm),
      dash: dash.get(row.firm),
      values: row[key].map((v) => (v === null ? null : v * factor)),
    }));
  const draw = (spec, series) =>
    chart(spec, series, {
      months,
      until: months.length,
      domain: extent([series], spec.zero),
      width: wide,
      height: 240,
    });
  return [
    h("section.card", {}, h("h2", {}, "The board"), boardTable(state.board, colour, dash)),
    state.round > 0
      ? h(
          "div.charts.two",
          {},
          draw({ key: "price", title: "Prices against the start", unit: "%", zero: 0 }, lines("price", 100)),
          draw(
            { key: "profit", title: "Operating profit", unit: `${words.total} a ${words.period}`, zero: 0 },
            lines("profits", 1 / words.size),
          ),
        )
      : h("p.quiet", {}, "Charts appear after the first round."),
  ];
}

/** The board as it stood after so many rounds: what a player could know of the class then. */
function after(state, rounds) {
  const board = state.board.map((row) => ({
    ...row,
    price: row.price.slice(0, rounds),
    profits: row.profits.slice(0, rounds),
    profit: d3.sum(row.profits.slice(0, rounds)),
    ...(rounds < state.round ? { share: null, cash: null } : {}),
  }));
  return { ...state, board: d3.sort(board, (row) => -row.profit), months: state.months.slice(0, rounds) };
}

/** A game that is over, period by period under a hand. */
export function replay(state) {
  const shown = h("div.stack", { id: "replayed" });
  const said = h("span", { id: "replay-month" });
  const slide = h("input", { id: "replay", type: "range", min: 1, max: state.round, step: 1, "aria-label": "Rounds shown" });
  slide.oninput = () => {
    const rounds = Number(slide.value);
    said.textContent = `Round ${rounds} of ${state.round}, ${monthName(state.months[rounds - 1])}`;
    shown.replaceChildren(...wall(after(state, rounds)));
  };
  slide.value = state.round;
  slide.oninput();
  return [h("section.card", {}, h("h2", {}, capital(byPeriod())), said, slide), shown];
}

/** The table; with colours and dashes it is the legend of the charts too. */
export function boardTable(board, colour, dash) {
  const cash = board.some((row) => row.cash !== null);
  return h(
    "div.scroll",
    {},
    h(
      "table.now",
      { id: "board-table" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          [
            "Player",
            `Profit so far, ${words.total}`,
            "Share, %",
            "Price, % of start",
            ...(cash ? [`Cash, ${words.total}`] : []),
          ].map((t) => h("th", { scope: "col" }, t)),
        ),
      ),
      h(
        "tbody",
        {},
        board.map((row) =>
          h(
            "tr",
            {},
            h(
              "td",
              {},
              colour
                ? h("span.swatch", {
                    style: `display:inline-block;vertical-align:middle;margin-right:7px;border-top-style:${dash.get(row.firm) ? "dashed" : "solid"};border-color:${colour.get(row.firm)}`,
                  })
                : null,
              h("b", {}, row.player ?? row.name),
              h(
                "span.quiet",
                {},
                ` ${row.player ? row.name : "computer"}${row.active ? "" : ", left the market"}`,
              ),
            ),
            h("td", {}, row.profits.length ? num(row.profit / words.size, 2) : "–"),
            h("td", {}, row.profits.length && row.share !== null ? num(100 * row.share, 1) : "–"),
            h(
              "td",
              {},
              row.price.length && row.price.at(-1) !== null ? num(100 + 100 * row.price.at(-1), 1) : "–",
            ),
            cash ? h("td", {}, row.cash === null ? "–" : num(row.cash / words.size, 2)) : null,
          ),
        ),
      ),
    ),
  );
}
