// Charts: one function from series to an SVG with units on its axis, marks of events, and values under the pointer.
import { behindLabel, h, monthName, num, tell } from "/static/dom.js";
import { savePng, saveSvg } from "/static/export.js";

const GREY = "#a9b3bc";
const MARK = {
  cut: "#d55e00",
  warning: "#0072b2",
  crash: "#cc79a7",
  launch: "#009e73",
  exit: "currentColor",
  end: "#c4ccd4",
  other: "#8f9aa5",
};
const MARK_WORDS = {
  cut: "a cut",
  warning: "a warning or a ban",
  crash: "a crash",
  launch: "a launch",
  exit: "a firm leaves",
  other: "another event",
};
const TICKS = 5;
const LETTER = 7.3; // px at the usual size, of a name at the end of a line
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

/** How much larger all type is than on a laptop: on a wall it is. */
export const enlarged = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/**
 * A chart card.
 * @param spec title, unit, zero
 * @param series [{name, colour, values, dash, thin, band}], values by month, null where there is none; thin: beside
 *   another; band: [low, high] by month
 * @param options months (all), until (months shown), ribbon, domain ([low, high] of all that is compared), width,
 *   source (a function: lines below a saved figure)
 */
export function chart(
  spec,
  series,
  { months, until, ribbon = [], domain, width = 400, height = 215, label = "", source },
) {
  const figure = h("figure", { role: "img", "aria-label": `${spec.title}, ${spec.unit}` });
  const all = series.flatMap((s, i) =>
    s.values
      .map((value, t) => ({ t, value, name: s.name, z: i }))
      .filter((r) => r.value !== null && r.value !== undefined),
  );
  figure.append(
    behindLabel(
      draw(spec, series, all, {
        months,
        until,
        ribbon,
        domain: domain ?? extent([series], spec.zero),
        width,
        height,
      }),
    ),
  );
  return card(spec, label, figure, { names: named(series), source });
}

/** Names with their colours, for the legend of a saved figure; lines without a colour share one entry. */
function named(series) {
  const own = series.filter((s) => s.colour && !s.thin).reverse();
  const grey = series.some((s) => !s.colour) ? [{ name: "others", colour: GREY }] : [];
  return own.length + grey.length > 1 ? [...own, ...grey].map(({ name, colour, dash }) => ({ name, colour, dash: DASHES[dash ?? 0] })) : [];
}

/**
 * A figure with its title and buttons that save it; below it what else there is to say.
 * @param more names (of lines, for the legend of what is saved), source (lines below it)
 */
export function card(spec, label, figure, more = {}, ...below) {
  const about = { title: spec.title, label, unit: spec.unit, ...more };
  const saves = (kind, keep) =>
    h(
      "button",
      {
        title: `Download this figure with its title and legend (${kind})`,
        "data-save": kind,
        onclick: () => keep(figure, about).catch((error) => tell(error.message)),
      },
      kind,
    );
  return h(
    "section.card.chart",
    { "data-chart": spec.key },
    h(
      "div.top",
      {},
      h("h3", {}, spec.title, label ? h("small", {}, label) : null),
      h("span.saves", {}, saves("SVG", saveSvg), saves("PNG", savePng)),
    ),
    figure,
    ...below,
  );
}

function draw(spec, series, all, { months, until, ribbon, domain, width, height }) {
  const rows = all.filter((r) => r.t < until);
  const ahead = all.filter((r) => r.t >= until - 1); // the months to come, faint
  const colour = (z) => series[z].colour ?? GREY;
  const bands = series.flatMap((s, z) =>
    (s.band ?? []).map((edges, t) => ({ t, z, edges })).filter((r) => r.edges && r.t < until),
  );
  const ends = lastPoints(series, until).filter((e) => !series[e.z].thin);
  const marks = ribbon.filter((e) => e.period < until && e.sort !== "end");
  const tail = ends.length > 1 && ends.length <= 6;
  const size = enlarged();
  const letter = LETTER * size;
  const letters = Math.max(8, Math.floor((width / 3 - 12) / letter)); // a name takes a third of the chart at most
  const right = tail ? 14 + letter * d3.max(ends, (e) => short(e.name, letters).length) : 30;
  const room = Math.max(2, Math.floor((width - 46 * size - right) / (56 * size)));
  const step = [1, 2, 3, 6, 12, 24, 48].find((s) => months.length / s <= room) ?? 96;
  const ticks = months
    .map((m, t) => t)
    .filter((t) =>
      step < 12 || !/^\d+-\d+$/.test(months[t]) // days, weeks and quarters are counted
        ? t % step === 0
        : (Number(months[t].slice(0, 4)) * 12 + Number(months[t].slice(5)) - 1) % step === 0,
    );
  const lines = d3.groups(rows, (r) => series[r.z].dash ?? 0).sort((x, y) => x[0] - y[0]);
  return Plot.plot({
    width,
    height,
    marginLeft: 46 * size,
    marginBottom: 30,
    marginTop: 24,
    marginRight: right,
    style: { fontSize: `${12 * size}px`, fontFamily: "inherit", background: "var(--paper)" },
    x: {
      domain: [0, Math.max(months.length - 1, 1)],
      ticks,
      tickFormat: (t) => monthName(months[t]),
      label: null,
      tickSize: 3,
    },
    y: {
      domain,
      label: `↑ ${spec.unit}`,
      grid: true,
      ticks: TICKS,
      tickSize: 0,
      labelAnchor: "top",
      tickFormat: (v) => num(v, d3.precisionFixed(d3.tickStep(...domain, TICKS))),
    },
    marks: [
      spec.zero !== null && spec.zero !== undefined ? Plot.ruleY([spec.zero], { stroke: "#8a949e" }) : null,
      Plot.areaY(bands, { x: "t", y1: (r) => r.edges[0], y2: (r) => r.edges[1], z: "z", fill: (r) => colour(r.z), fillOpacity: 0.16 }),
      Plot.ruleX(marks, {
        x: "period",
        stroke: (e) => MARK[e.sort] ?? MARK.other,
        strokeDasharray: "3 2",
        strokeWidth: 1.3,
      }),
      Plot.lineY(ahead, { x: "t", y: "value", z: "z", stroke: (r) => colour(r.z), strokeOpacity: 0.18 }),
      ...lines.map(([dash, part]) =>
        Plot.lineY(part, {
          x: "t",
          y: "value",
          z: "z",
          stroke: (r) => colour(r.z),
          strokeWidth: (r) => (series[r.z].thin ? 0.8 : series[r.z].colour ? 2.4 : 1.1),
          strokeDasharray: DASHES[dash],
        }),
      ),
      Plot.dot(ends, { x: "t", y: "value", r: 3, fill: (r) => colour(r.z) }),
      tail
        ? Plot.text(spreadOut(ends, domain, height, size), {
            x: "t",
            y: "place",
            text: (r) => short(r.name, letters),
            dx: 7,
            textAnchor: "start",
            fill: { value: (r) => readable(colour(r.z)), scale: null },
            stroke: "var(--paper)", // a line that goes on behind a name does not strike it out
            strokeWidth: 4,
            fontWeight: 600,
          })
        : null,
      Plot.ruleX(rows, Plot.pointerX({ x: "t", stroke: "currentColor", strokeOpacity: 0.35 })),
      Plot.tip(
        rows,
        Plot.pointer({
          x: "t",
          y: "value",
          title: (r) => `${r.name}\n${monthName(months[r.t])}: ${num(r.value, digits(r.value))} ${spec.unit}`,
          fontSize: 13 * size,
          fill: "var(--paper)",
        }),
      ),
    ].filter(Boolean),
  });
}

/** A name of at most so many letters. */
export function short(name, letters) {
  const bare = name.replace(/ \(.*\)$/, "");
  return bare.length <= letters ? bare : `${bare.slice(0, letters - 1).replace(/[ -]+$/, "")}…`;
}

function lastPoints(series, until) {
  return series.flatMap((s, z) => {
    for (let t = Math.min(until, s.values.length) - 1; t >= 0; t--)
      if (s.values[t] !== null) return s.colour ? [{ t, value: s.values[t], name: s.name, z }] : [];
    return [];
  });
}

/** Labels at the ends of lines, moved apart so that none covers another. */
function spreadOut(ends, [low, high], height, size) {
  const apart = ((high - low) * 13.5 * size) / (height - 54);
  const sorted = [...ends].sort((a, b) => a.value - b.value);
  const places = [];
  for (const end of sorted) places.push(Math.max(end.value, (places.at(-1) ?? -Infinity) + apart));
  const over = Math.max(0, (places.at(-1) ?? low) - high);
  for (let i = places.length - 1, top = high; i >= 0 && over > 0; i--) {
    places[i] = Math.min(places[i], top);
    top = places[i] - apart;
  }
  return sorted.map((end, i) => ({ ...end, place: places[i] }));
}

/** Low and high over several groups of series, with some room, zero line included. */
export function extent(groups, zero) {
  const values = groups
    .flat()
    .flatMap((s) => [...s.values, ...(s.band ?? []).flatMap((edges) => edges ?? [])])
    .filter((v) => v !== null && v !== undefined && Number.isFinite(v));
  if (zero !== null && zero !== undefined) values.push(zero);
  let [low, high] = [Math.min(...values), Math.max(...values)];
  if (!values.length) [low, high] = [0, 1];
  const room = high > low || high ? (high - low || Math.abs(high)) * 0.06 : 1; // nothing but zeros: one unit around
  return [low - room, high + room];
}

/** A colour as type: nearer to that of the text around it, so that it can be read on white and on dark. */
const readable = (colour) => `color-mix(in srgb, ${colour} 72%, var(--ink))`;
const digits = (value) => (Math.abs(value) < 10 ? 2 : 1);

/** What the upright lines of charts stand for; null if there are none. */
export function markLegend(events) {
  const sorts = Object.keys(MARK_WORDS).filter((sort) => events.some((e) => e.sort === sort));
  if (!sorts.length) return null;
  return h(
    "p.quiet.marks",
    {},
    "Upright lines: ",
    sorts.map((sort) =>
      h(
        "span",
        {},
        h("i", { style: `border-color:${MARK[sort]}` }),
        MARK_WORDS[sort],
      ),
    ),
  );
}

/** The ribbon: what happened until now, the newest last and in sight. */
export function ribbonList(events) {
  const list = h(
    "ol.ribbon",
    { "aria-label": "What happened" },
    events.map((e) =>
      h(
        `li.${e.sort}`,
        { "data-sort": e.sort },
        h("b", {}, monthName(e.month)),
        (e.side ? `${e.side}: ` : "") + e.what,
      ),
    ),
  );
  list.onscroll = () => list.classList.toggle("more", list.scrollLeft > 0);
  requestAnimationFrame(() => (list.scrollLeft = list.scrollWidth));
  return events.length ? list : h("p.quiet.ribbon", {}, "Events will stand here as they happen.");
}
