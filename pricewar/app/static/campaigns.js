// Who starts and who follows: the campaigns of a run by firm, month by month.
import { card, short } from "/static/charts.js";
import { behindLabel, h, monthName, num, words } from "/static/dom.js";

const SPEC = { key: "campaigns", title: "Who starts, who follows" };
const LOOK = { lead: { fill: "#0072b2", stroke: "#0072b2" }, follow: { fill: "var(--paper)", stroke: "#d55e00" } };
const KIND = { list: "cut of the list price", limited: "limited offer", subsidy: "subsidy" };
const ROWS = 16; // firms with most campaigns; the others are counted below
const FULL = 20; // %, from which a mark is no bigger
const ROW = 20; // px

/**
 * A card with a row for each firm, or null where campaigns are off.
 * @param run with months, firms and campaigns, null where they are off
 * @param options until (months shown), width, label, hides(firm): whether a firm is not wanted,
 *   source(): lines below a saved figure
 */
export function timeline(run, { until, width, label = "", hides, source = () => [] }) {
  if (!run.campaigns) return null;
  const many = d3.rollup(run.campaigns, (all) => all.length, (one) => one.firm);
  const busy = run.firms.filter((f) => many.has(f.id) && !hides(f));
  const ranked = d3.sort(busy, (f) => -many.get(f.id));
  const rows = ranked.slice(0, ROWS);
  const place = new Map(rows.map((f, y) => [f.id, y]));
  const name = new Map(run.firms.map((f) => [f.id, f.name]));
  const marks = run.campaigns
    .filter((one) => one.period < until && place.has(one.firm))
    .map((one) => seen(one, { until, y: place.get(one.firm), name, months: run.months }));
  const spec = { ...SPEC, unit: `announced cuts by ${words.maker}` };
  const figure = h("figure", { role: "img", "aria-label": `${spec.title}, ${spec.unit}` });
  figure.append(behindLabel(draw(rows, marks, run.months, width)));
  const rest = ranked.length - rows.length;
  const told = [
    `Full marks: the ${words.maker} starts; hollow marks: it answers a rival. Triangle: cut of the list price; bar: offer ` +
      "or subsidy, for as long as it stands. The bigger, the deeper the announced cut.",
    rest ? `${rest} more ${words.maker}s have fewer.` : "",
    marks.length ? "" : "No campaign so far.",
  ];
  const said = told.filter(Boolean).join(" ");
  return card(spec, label, figure, { source: () => [said, ...source()] }, h("p.quiet", {}, said));
}

/** A campaign as it is drawn: place, size and words. */
function seen(one, { until, y, name, months }) {
  const end = Math.min(one.end, until);
  const lasts = one.kind === "list" ? monthName(months[one.period]) : span(one, end, until, months);
  const act = one.role === "lead" ? "starts" : `follows ${name.get(one.trigger) ?? "a rival"}`;
  const words = `${name.get(one.firm)} ${act}\n${KIND[one.kind]}, ${num(one.announced, 1)}%\n${lasts}`;
  return { ...one, end, y, words, depth: Math.min(one.announced / FULL, 1), middle: middle(one, end) };
}

const middle = (one, end) => (one.kind === "list" ? one.period : (one.period + end - 1) / 2);

function span(one, end, until, months) {
  const last = one.end > until || end === months.length ? "on" : `to ${monthName(months[end - 1])}`;
  return `${monthName(months[one.period])} ${last}`;
}

function draw(rows, marks, months, width) {
  const left = Math.min(132, width / 3);
  const letters = Math.floor((left - 12) / 6.6);
  const room = Math.max(2, Math.floor((width - left) / 60));
  const step = [1, 2, 3, 6, 12, 24, 48].find((s) => months.length / s <= room) ?? 96;
  const high = (one) => 0.2 + 0.62 * one.depth;
  const colours = { fill: (one) => LOOK[one.role].fill, stroke: (one) => LOOK[one.role].stroke };
  return Plot.plot({
    width,
    height: ROW * Math.max(rows.length, 1) + 40,
    marginLeft: left,
    marginTop: 6,
    marginBottom: 30,
    style: { fontSize: "12px", fontFamily: "inherit", background: "var(--paper)" },
    x: {
      domain: [-0.5, months.length - 0.5],
      ticks: d3.range(0, months.length, step),
      tickFormat: (t) => monthName(months[t]),
      label: null,
      tickSize: 3,
      grid: true,
    },
    y: { domain: [Math.max(rows.length, 1) - 0.5, -0.5], axis: null },
    marks: [
      Plot.axisY(d3.range(rows.length), { tickFormat: (y) => short(rows[y].name, letters), tickSize: 0, label: null }),
      Plot.ruleY(d3.range(rows.length), { stroke: "var(--line)" }),
      Plot.rect(
        marks.filter((one) => one.kind !== "list"),
        {
          x1: (one) => one.period - 0.42,
          x2: (one) => one.end - 0.58,
          y1: (one) => one.y - high(one) / 2,
          y2: (one) => one.y + high(one) / 2,
          strokeWidth: 1.5,
          ...colours,
        },
      ),
      Plot.dot(
        marks.filter((one) => one.kind === "list"),
        { x: "period", y: "y", r: (one) => 2.5 + 4.5 * one.depth, symbol: "triangle", rotate: 180, strokeWidth: 1.5, ...colours },
      ),
      Plot.tip(marks, Plot.pointer({ x: "middle", y: "y", title: "words", fontSize: 13, fill: "var(--paper)" })),
    ],
    r: { type: "identity" },
  });
}
