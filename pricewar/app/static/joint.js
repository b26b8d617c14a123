// The debrief across all markets of a class; each figure can fill the projector.
import { enlarged } from "/static/charts.js";
import { behindLabel, byPeriod, h, num, words } from "/static/dom.js";

const COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];

export function joint(facts, wide, { large = false, players = false } = {}) {
  const names = facts.treatments.map((one) => one.name);
  const colour = (name) => COLOURS[names.indexOf(name) % COLOURS.length];
  const several = facts.markets.length > 1;
  const width = several && wide > 900 ? wide / 2 - 40 : wide - 40;
  const look = { width: Math.max(width, 280), size: large ? 1.4 * enlarged() : enlarged(), colour };
  return h(
    "section.card",
    { id: "joint" },
    h("h1", {}, several ? "All markets" : "What the class did"),
    h("p", { id: "joint-said" }, said(facts)),
    names.length > 1 ? legend(names, colour) : null,
    h(
      "div.charts.two",
      {},
      figure(`Mean price, ${byPeriod()}`, paths(facts, look)),
      figure("Between Nash and joint profit", cooperation(facts, look)),
      facts.sizes.length > 1 ? figure("Mean price by number of firms", bySize(facts, look)) : null,
      figure("First cut and price war", wars(facts, look)),
    ),
    table(facts),
    players ? ranking(facts) : null,
  );
}

function said(facts) {
  const parts = facts.treatments.map(
    (one) =>
      `${one.name || "The market"}: mean price ${num(100 * one.price, 1)}% of the start, ` +
      (one.cooperation === null ? "" : `${num(100 * one.cooperation, 0)}% of the way from Nash to joint profit, `) +
      (one.first_cut === null ? "nobody cut" : `first cut in round ${num(one.first_cut, Number.isInteger(one.first_cut) ? 0 : 1)}`),
  );
  return `${parts.join(". ")}.`;
}

const legend = (names, colour) =>
  h(
    "p",
    {},
    names.map((name) =>
      h("span.key", {}, h("span.swatch", { style: `border-color:${colour(name)}` }), ` ${name} `),
    ),
  );

/** A figure with a button that lets it fill the screen. */
function figure(title, plot) {
  const node = h("figure.joint", {});
  const fill = h(
    "button.small",
    { type: "button", onclick: () => (document.fullscreenElement ? document.exitFullscreen() : node.requestFullscreen()) },
    "Fill the screen",
  );
  const label = `${title}; the numbers are in the table below`;
  node.append(
    h("figcaption", {}, h("h2", {}, title), fill),
    h("div", { role: "img", "aria-label": label }, behindLabel(plot)),
  );
  return node;
}

const frame = ({ width, size }, rest) =>
  Plot.plot({
    width,
    height: 260 * size,
    marginLeft: 56 * size,
    marginRight: 40 * size,
    marginBottom: 46 * size,
    marginTop: 26 * size,
    style: { fontSize: `${13 * size}px`, fontFamily: "inherit" },
    ...rest,
  });

function paths(facts, look) {
  const rows = facts.markets.flatMap((one) =>
    one.path.map((price, t) => ({ key: one.key, treatment: one.treatment, round: t + 1, price: 100 * price })),
  );
  const last = facts.markets.map((one) => rows.filter((row) => row.key === one.key).at(-1));
  return frame(look, {
    x: { label: "Round", ticks: d3.range(1, 1 + d3.max(rows, (r) => r.round)).filter((n, i, all) => all.length < 13 || n % 3 === 0), tickFormat: "d", labelArrow: false },
    y: { label: "% of the start", grid: true, nice: true, labelArrow: false },
    marks: [
      Plot.ruleY([100], { strokeDasharray: "2,3" }),
      Plot.line(rows, { x: "round", y: "price", z: "key", stroke: (r) => look.colour(r.treatment), strokeWidth: 2.5 }),
      Plot.dot(rows, { x: "round", y: "price", fill: (r) => look.colour(r.treatment), r: 3 }),
      Plot.text(last, { x: "round", y: "price", text: "key", dx: 12, fontWeight: 700, fill: (r) => look.colour(r.treatment) }),
    ],
  });
}

function cooperation(facts, look) {
  const rows = facts.markets
    .filter((one) => one.cooperation !== null)
    .map((one) => ({ ...one, name: one.treatment || "The market", y: 100 * one.cooperation }));
  const means = facts.treatments
    .filter((one) => one.cooperation !== null)
    .map((one) => ({ ...one, name: one.name || "The market", y: 100 * one.cooperation, of: one.name }));
  return frame(look, {
    x: { label: null, domain: [...new Set(rows.map((r) => r.name))] },
    y: { label: "% of the way", grid: true, nice: true, labelArrow: false, domain: d3.extent([0, 100, ...rows.map((r) => r.y)]) },
    marks: [
      Plot.ruleY([0, 100], { strokeDasharray: "2,3" }),
      Plot.tickY(means, { x: "name", y: "y", stroke: (r) => look.colour(r.of), strokeWidth: 4, insetLeft: 20, insetRight: 20 }),
      Plot.dot(rows, { x: "name", y: "y", fill: (r) => look.colour(r.treatment), r: 6 }),
      Plot.text(rows, { x: "name", y: "y", text: "key", dx: 14 }),
      Plot.text([["Nash", 0], ["Joint profit", 100]], { y: (r) => r[1], text: (r) => r[0], frameAnchor: "left", dx: 4, dy: -8, textAnchor: "start" }),
    ],
  });
}

function bySize(facts, look) {
  const rows = facts.markets.map((one) => ({ ...one, y: 100 * one.price }));
  const theory = facts.markets.flatMap((one) => [
    { firms: one.firms, y: 100 * one.nash },
    { firms: one.firms, y: 100 * one.joint },
  ]);
  return frame(look, {
    x: { label: "Firms", type: "point", padding: 0.6, domain: [...new Set(rows.map((r) => r.firms))].sort((a, b) => a - b), labelArrow: false },
    y: { label: "% of the start", grid: true, nice: true, labelArrow: false },
    marks: [
      Plot.text(theory, { x: "firms", y: "y", text: (r, i) => (i % 2 ? "joint" : "Nash"), dx: 30, fill: "var(--quiet)" }),
      Plot.dot(theory, { x: "firms", y: "y", symbol: "times", stroke: "var(--quiet)", strokeWidth: 2 }),
      Plot.dot(rows, { x: "firms", y: "y", fill: (r) => look.colour(r.treatment), r: 6 }),
      Plot.text(rows, { x: "firms", y: "y", text: "key", dx: -14 }),
    ],
  });
}

function wars(facts, look) {
  const spells = facts.markets.flatMap((one) => one.wars.map((war) => ({ ...war, key: one.key, treatment: one.treatment })));
  const cuts = facts.markets.filter((one) => one.first_cut !== null);
  const rounds = d3.max(facts.markets, (one) => one.rounds);
  return frame(look, {
    x: { label: "Round", domain: [0.5, rounds + 0.5], ticks: d3.range(1, rounds + 1).filter((n, i, all) => all.length < 13 || n % 3 === 0), tickFormat: "d", labelArrow: false },
    y: { label: "Market", domain: facts.markets.map((one) => one.key), labelArrow: false },
    marks: [
      Plot.barX(spells, { x1: (r) => r.first - 0.5, x2: (r) => r.last + 0.5, y: "key", fill: (r) => look.colour(r.treatment), fillOpacity: 0.55, insetTop: 4, insetBottom: 4 }),
      Plot.dot(cuts, { x: "first_cut", y: "key", symbol: "diamond", fill: "currentColor", r: 7 }),
      Plot.text([0], { text: () => "◆ first cut    ▬ price war", frameAnchor: "top-right", dy: -18 }),
    ],
  });
}

const head = (titles) => h("thead", {}, h("tr", {}, titles.map((t) => h("th", { scope: "col" }, t))));

const table = (facts) =>
  h(
    "div.scroll",
    { tabindex: 0, role: "region", "aria-label": "All markets" },
    h(
      "table.now",
      { id: "joint-table" },
      head(["Market", "Treatment", "Firms", "Persons", "Mean price, % of start", "Nash", "Joint profit", "Way to joint profit, %", "First cut in round", "Rounds of war"]),
      h(
        "tbody",
        {},
        facts.markets.map((one) =>
          h(
            "tr",
            {},
            [
              one.key,
              one.treatment || "–",
              one.firms,
              one.persons,
              num(100 * one.price, 1),
              num(100 * one.nash, 1),
              num(100 * one.joint, 1),
              one.cooperation === null ? "–" : num(100 * one.cooperation, 0),
              one.first_cut ?? "–",
              d3.sum(one.wars, (war) => war.last - war.first + 1),
            ].map((cell) => h("td", {}, String(cell))),
          ),
        ),
      ),
    ),
  );

/** Everybody beside their own firm in a world without the war, which makes firms of unlike size comparable. */
const ranking = (facts) =>
  facts.players.length
    ? h(
        "div",
        {},
        h("h2", { style: "margin-top:14px" }, "Players against their own peace"),
        h("p.quiet", {}, `Profit, less what the same firm earns with the same luck if all played firms keep their start prices; ${words.total}.`),
        h(
          "table.now",
          { id: "ranking" },
          head(["Player", "Firm", "Profit", "Against peace"]),
          h(
            "tbody",
            {},
            facts.players.map((one) =>
              h("tr", {}, [one.player, one.firm, num(one.profit / words.size, 2), num(one.gain / words.size, 2, true)].map((cell) => h("td", {}, cell))),
            ),
          ),
        ),
      )
    : null;
