// The debrief: facts for the discussion after a game.
import { enlarged } from "/static/charts.js";
import { behindLabel, h, monthName, num, words } from "/static/dom.js";

const OUTCOMES = {
  open: "still on at the end",
  recovered: "and prices came back",
  settled: "settled at a lower level",
};
const noWar = () => ({
  prices: `prices never fell by more than 2% within three ${words.period}s`,
  costs: `prices fell, but by no more than 2% within three ${words.period}s of what costs do not explain`,
  firms: `prices fell, but too few firms cut by 3% or more within ${words.period === "month" ? "half a year" : `six ${words.period}s`} of each other`,
});
const COUNT = ["", "", "two", "three", "four", "five", "six"];
const bn = (value, signed) => `${num(value / words.size, 2, signed)} ${words.total}`;

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
      `By the definition of this project there was no price war: ${noWar()[facts.no_war]}.`,
    );
  return h(
    "div",
    { id: "wars" },
    facts.wars.map((war) =>
      h(
        "p",
        {},
        h("b", {}, `A price war from ${monthName(war.start)} to ${monthName(war.end)}`),
        `, ${OUTCOMES[war.outcome] ?? war.outcome}: prices fell by ${num(100 * war.depth, 1)}%, ${war.breadth} firms took part, ${whoBegan(facts, war)}.`,
      ),
    ),
  );
}

const list = (names) => (names.length < 2 ? names.join() : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`);

/** Who began: of several firms that cut in the same month none is the leader. */
function whoBegan(facts, war) {
  const others = (war.followers || "")
    .split(", ")
    .filter(Boolean)
    .map((one) => one.match(/^(.*) \+(\d+)$/).slice(1))
    .map(([firm, lag]) => ({ firm: name(facts, firm), lag: Number(lag) }));
  const together = others.filter((one) => one.lag === 0).map((one) => one.firm);
  const after = others
    .filter((one) => one.lag > 0)
    .map(({ firm, lag }) => `${firm} ${lag === 1 ? `one ${words.period}` : `${COUNT[lag] ?? lag} ${words.period}s`} later`);
  const first = name(facts, war.leader);
  const begun = together.length ? `begun by ${list([first, ...together])} in the same ${words.period}` : `led by ${first}`;
  return after.length ? `${begun}, followed by ${list(after)}` : begun;
}

const name = (facts, firm) => {
  const row = facts.board.find((r) => r.firm === firm);
  return row ? `${row.name}${row.player ? ` (${row.player})` : ""}` : firm;
};

function cuts(facts, own) {
  if (!facts.first_cut.length) return h("p", { id: "first-cut" }, "Nobody cut by 3% or more.");
  const rounds = d3.groups(facts.first_cut, (cut) => cut.round);
  const who = (cut) =>
    `${name(facts, cut.firm)}${cut.firm === own ? " (that is you)" : ""} by ${num(100 * cut.depth, 1)}%`;
  const [[round, firsts], ...later] = rounds;
  return h(
    "p",
    { id: "first-cut" },
    "First to cut by 3% or more: ",
    h("b", {}, list(firsts.map(who))),
    ` in round ${round}${["", ", both at once"][firsts.length - 1] ?? ", all at once"}. `,
    later.length
      ? `Then ${list(later.map(([at, cuts]) => `${list(cuts.map((cut) => name(facts, cut.firm)))} in round ${at}`))}.`
      : firsts.length < facts.board.length
        ? "Nobody followed."
        : "",
  );
}

function theory(facts, width) {
  const t = facts.theory;
  const rows = [
    ["Joint profit", t.joint, "#009E73"],
    ["Your class", t.played, "#0072B2"],
    ["Nash, one shot", t.nash, "#D55E00"],
  ].map(([who, v, colour]) => ({ who, colour, price: 100 * v.price, profit: v.profit / words.size }));
  const size = enlarged();
  const bars = (key, label, digits) =>
    Plot.plot({
      width: width > 620 ? width / 2 - 10 : width,
      height: 160,
      marginLeft: 110 * size,
      marginRight: 64 * size,
      marginBottom: 44,
      style: { fontSize: `${13 * size}px`, fontFamily: "inherit" },
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
  const figure = (key, label, digits) =>
    h(
      "figure",
      { style: "margin:0", role: "img", "aria-label": said(label, rows, key, digits) },
      behindLabel(bars(key, label, digits)),
    );
  return h(
    "div",
    { id: "theory", style: "margin-bottom:12px" },
    h("h2", {}, "Your class between Nash and joint profit"),
    h("p.quiet", {}, "Means over the game, of the firms that were played."),
    h(
      "div.charts.two",
      {},
      figure("price", "Mean price, % of the start", 1),
      figure("profit", `Profit, ${words.total} a ${words.period}`, 2),
    ),
  );
}

/** What a figure of bars shows, in words. */
const said = (label, rows, key, digits) =>
  `${label}: ${rows.map((row) => `${row.who} ${num(row[key], digits)}`).join(", ")}`;

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
