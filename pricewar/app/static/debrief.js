// The debrief: facts for the discussion after a game.
import { h, monthName, num } from "/static/dom.js";

const OUTCOMES = {
  open: "still on at the end",
  recovered: "and prices came back",
  settled: "settled at a lower level",
};
const bn = (value, signed) => `${num(value / 1e9, 2, signed)} bn CNY`;

export function debrief(facts, wide, own) {
  return h(
    "section.card",
    { id: "debrief-card" },
    h("h1", {}, "Debrief"),
    wars(facts),
    cuts(facts, own),
    theory(facts, Math.max(wide - 34, 280)),
    lost(facts, own),
    h("h2", { style: "margin-top:14px" }, "For discussion"),
    h(
      "ol",
      { style: "margin:0" },
      [
        "Who cut first, and what did that firm expect?",
        "Were you below what theory calls Nash, or above it? What held you there?",
        "Which price would you all have signed, and why did you not get there?",
      ].map((q) => h("li", {}, q)),
    ),
  );
}

function wars(facts) {
  if (!facts.wars.length)
    return h(
      "p",
      { id: "wars" },
      "By the definition of this project there was no price war: prices fell by less than 2% within three months, or costs explain the fall, or too few firms took part.",
    );
  return h(
    "div",
    { id: "wars" },
    facts.wars.map((war) =>
      h(
        "p",
        {},
        h("b", {}, `A price war from ${monthName(war.start)} to ${monthName(war.end)}`),
        `, ${OUTCOMES[war.outcome] ?? war.outcome}: prices fell by ${num(100 * war.depth, 1)}%, ${war.breadth} firms took part, led by ${name(facts, war.leader)}${war.followers ? `, followed by ${followers(facts, war.followers)}` : ""}.`,
      ),
    ),
  );
}

const followers = (facts, text) =>
  text
    .split(", ")
    .map((one) => {
      const [, firm, lag] = one.match(/^(.*) \+(\d+)$/);
      return `${name(facts, firm)} ${lag === "0" ? "in the same month" : lag === "1" ? "one month later" : `${lag} months later`}`;
    })
    .join(", ");

const name = (facts, firm) => {
  const row = facts.board.find((r) => r.firm === firm);
  return row ? `${row.name}${row.player ? ` (${row.player})` : ""}` : firm;
};

function cuts(facts, own) {
  if (!facts.first_cut.length) return h("p", { id: "first-cut" }, "Nobody cut by 3% or more.");
  const [first] = facts.first_cut;
  return h(
    "p",
    { id: "first-cut" },
    "First to cut by 3% or more: ",
    h("b", {}, name(facts, first.firm)),
    first.firm === own ? " (that is you)" : "",
    `, by ${num(100 * first.depth, 1)}% in round ${first.round}. `,
    facts.first_cut.length > 1
      ? `Then ${facts.first_cut
          .slice(1)
          .map((c) => `${name(facts, c.firm)} in round ${c.round}`)
          .join(", ")}.`
      : "Nobody followed.",
  );
}

function theory(facts, width) {
  const t = facts.theory;
  const rows = [
    ["Joint profit", t.joint, "#009E73"],
    ["Your class", t.played, "#0072B2"],
    ["Nash, one shot", t.nash, "#D55E00"],
  ].map(([who, v, colour]) => ({ who, colour, price: 100 * v.price, profit: v.profit / 1e9 }));
  const bars = (key, label, digits) =>
    Plot.plot({
      width: width > 620 ? width / 2 - 10 : width,
      height: 160,
      marginLeft: 110,
      marginRight: 50,
      marginBottom: 44,
      style: { fontSize: "13px", fontFamily: "inherit" },
      x: {
        label,
        grid: true,
        labelAnchor: "center",
        labelOffset: 40,
        ticks: 5,
        tickSize: 4,
        labelArrow: false,
      },
      y: { label: null, domain: rows.map((r) => r.who) },
      marks: [
        Plot.ruleX([0]),
        Plot.barX(rows, { y: "who", x: key, fill: "colour" }),
        Plot.text(rows, {
          y: "who",
          x: (r) => Math.max(r[key], 0),
          text: (r) => num(r[key], digits),
          dx: 6,
          textAnchor: "start",
        }),
      ],
    });
  return h(
    "div",
    { id: "theory", style: "margin-bottom:12px" },
    h("h2", {}, "Your class between Nash and joint profit"),
    h(
      "div.charts.two",
      {},
      h("figure", { style: "margin:0" }, bars("price", "Mean price over the game, % of the start", 1)),
      h("figure", { style: "margin:0" }, bars("profit", "Profit of the played firms, bn CNY a month", 2)),
    ),
  );
}

function lost(facts, own) {
  const gap = facts.profit_destroyed;
  return h(
    "p",
    { id: "destroyed" },
    h("b", {}, gap >= 0 ? `Profit destroyed: ${bn(gap)}` : `Profit gained: ${bn(-gap)}`),
    ` over ${facts.rounds} rounds, against the same market with the same luck in which all played firms keep their start prices`,
    own ? `; your firm: ${bn(-facts.profit_destroyed_by_firm[own], true)} against that world.` : ".",
  );
}
