// The right side of the explore page: ribbon, charts, figures of the month, downloads.
import { timeline } from "/static/campaigns.js";
import { chart, extent, ribbonList } from "/static/charts.js";
import { $, h, monthName, num, tell, words } from "/static/dom.js";
import { band, told as luckTold } from "/static/explore_luck.js";
import { address, leader, months, query, state } from "/static/explore_state.js";

/** Draw the months up to the one reached. */
export function draw() {
  const [a, b] = state.runs;
  $("#month").textContent = monthName(months()[state.until - 1]);
  Object.assign($("#time"), { max: months().length });
  $("#time").value = state.until;
  $("#told").replaceChildren(...told(a, b));
  $("#ribbon").replaceChildren(ribbonList(happened()));
  $("#legend").replaceChildren(legend(a));
  $("#charts").replaceChildren(grid(a, b), ...campaigns(a, b));
  $("#below").replaceChildren(h("div.below", {}, figures(a, b), downloads()));
  $("#seen").textContent = seen();
  remember();
}

let written;
/** The address follows what is shown, once it rests: browsers refuse to write it ten times a second. */
function remember() {
  clearTimeout(written);
  written = setTimeout(() => history.replaceState(null, "", `/explore?${address()}`), 300);
}

/** What lines and shades stand for, where they are not simply the run. */
const seen = () =>
  [
    state.peaceful
      ? "Charts show differences from peace: the same market, luck and measures, but nobody is made to cut and nobody runs campaigns."
      : "",
    luckTold(),
  ]
    .filter(Boolean)
    .join(" ");

/** What one sees in the whole run, in words. */
const told = (a, b) =>
  b ? [h("b", {}, "A. "), a.told, h("br"), h("b", {}, "B. "), b.told] : [a.told];

function happened() {
  const [a, b] = state.runs;
  const shown = (run, mark) =>
    run.ribbon.filter((e) => e.period < state.until).map((e) => ({ ...e, side: mark }));
  if (!b) return shown(a);
  const key = (e) => `${e.period}|${e.what}`;
  const [inA, inB] = [new Set(a.ribbon.map(key)), new Set(b.ribbon.map(key))];
  const both = shown(a).filter((e) => inB.has(key(e)));
  const only = [
    ...shown(a, "A").filter((e) => !inB.has(key(e))),
    ...shown(b, "B").filter((e) => !inA.has(key(e))),
  ];
  return [...both, ...only].sort((x, y) => x.period - y.period);
}

/** Show or hide a line; `delete` tells whether it was hidden. */
function turn(key) {
  if (!state.hidden.delete(key)) state.hidden.add(key);
  draw();
}

function legend(run) {
  return h(
    "div.legend",
    { "aria-label": "Firms" },
    run.firms
      .filter((f) => f.colour)
      .map((firm) =>
        h(
          "button",
          {
            "aria-pressed": String(!state.hidden.has(firm.id)),
            onclick: () => turn(firm.id),
          },
          h("span.swatch", { style: `border-color:${firm.colour}` }),
          firm.name.replace(/ \(.*\)$/, ""),
        ),
      ),
    run.firms.some((f) => !f.colour)
      ? h(
          "button",
          {
            "aria-pressed": String(!state.hidden.has("rest")),
            onclick: () => turn("rest"),
          },
          h("span.swatch", { style: "border-color:#a9b3bc" }),
          `smaller ${words.maker}s`,
        )
      : null,
  );
}

/**
 * The lines of a chart.
 * @param pick what the server answered, or a strand of the band -> a run, and the run that is taken off it or undefined
 */
function seriesOf(spec, pick) {
  const [run, minus] = pick(state);
  const line = (valuesOf) => ({
    values: valuesOf(run, minus),
    band: band((strand) => valuesOf(...pick(strand))),
  });
  if (spec.of === "market") {
    const name = spec.key === "war_index" ? "War" : "Market";
    return [{ name, colour: "#0072B2", ...line((one, other) => less(one.market[spec.key], other?.market[spec.key])) }];
  }
  const { firms, explained } = run;
  const shown = [...firms].reverse().filter((f) => !state.hidden.has(f.colour ? f.id : "rest"));
  const shaded = banded(shown);
  const reasons = spec.key === "price_change" && !minus ? shown.filter((f) => f.colour) : [];
  return [
    ...reasons.map((f) => ({ name: `${f.name}: costs explain`, colour: f.colour, thin: true, values: explained[f.id] })),
    ...shown.map((f) => {
      const valuesOf = (one, other) => less(one.firm[spec.key][f.id], other?.firm[spec.key][f.id]);
      const found = shaded.includes(f) ? line(valuesOf) : { values: valuesOf(run, minus) };
      return { name: f.name, colour: f.colour, ...found };
    }),
  ];
}

/** Firms with a band: one or two that have colours, else the one that cuts; more bands over each other say nothing. */
function banded(shown) {
  const coloured = shown.filter((f) => f.colour);
  return coloured.length <= 2 ? coloured : coloured.filter((f) => f.id === leader());
}

/** The charts in the words of the market that is shown. */
const charts = () => state.runs[0]?.charts ?? state.offers.charts;

/** Values, less those of another run where there is one. */
const less = (one, other) =>
  other ? one.map((v, t) => (v === null || other[t] === null || other[t] === undefined ? null : v - other[t])) : one;

/** The columns of charts: a label, what is drawn, and the run whose events stand upright in it. */
function columnsOf(a, b) {
  const peaceful = state.peace.length > 0;
  const off = (n) => (of) => [of.runs[n], peaceful ? of.peace[n] : undefined];
  const peace = peaceful ? " − peace" : "";
  if (!b) return [{ label: peaceful ? "less peace" : "", pick: off(0), ribbon: a.ribbon, gap: peaceful }];
  return [
    { label: `A${peace}`, pick: off(0), ribbon: a.ribbon, gap: peaceful },
    { label: `B${peace}`, pick: off(1), ribbon: b.ribbon, gap: peaceful },
    { label: "B − A", pick: (of) => [of.runs[1], of.runs[0]], gap: true, alone: true },
  ];
}

/** A chart of differences: percents become points, and zero is what they are held against. */
const gapped = (spec) => ({
  ...spec,
  zero: 0,
  unit: spec.unit.startsWith("%") ? "percentage points" : spec.unit.split(",")[0],
});

function grid(a, b) {
  const specs = charts().filter((c) => c.standard);
  const wide = $("#charts").clientWidth;
  const columns = wide > 700 ? 3 : wide > 480 && !b ? 2 : 1;
  const width = (wide - 10 * (columns - 1)) / columns - 22;
  const cells = specs.flatMap((spec) => {
    const row = columnsOf(a, b).map((column) => ({ ...column, series: seriesOf(spec, column.pick) }));
    const together = row.filter((one) => !one.alone).map((one) => one.series);
    return row.map(({ label, series, ribbon, gap, alone }) => {
      const shown = gap ? gapped(spec) : spec;
      const domain = extent(alone ? [series] : together, shown.zero);
      return chart(shown, series, { months: months(), until: state.until, width, ribbon, domain, label, source });
    });
  });
  return h("div.charts", { style: `grid-template-columns:repeat(${columns},minmax(0,1fr))` }, cells);
}

/** Where a saved figure comes from, so that somebody else can make it again. */
const source = () => {
  const { scenario, seed } = state.settings;
  return [`pricewar ${state.offers.version}, scenario ${scenario}, seed ${seed}`, seen()];
};

/** A timeline of campaigns below the charts for each run that has them on. */
function campaigns(a, b) {
  const options = {
    until: state.until,
    width: $("#charts").clientWidth - 22,
    hides: (firm) => state.hidden.has(firm.colour ? firm.id : "rest"),
    source: () => source().slice(0, 1),
  };
  const cards = b
    ? [timeline(a, { ...options, label: "A" }), timeline(b, { ...options, label: "B" })]
    : [timeline(a, options)];
  return cards.filter(Boolean);
}

function figures(a, b) {
  const t = state.until - 1;
  const rows = state.offers.final.map((key) => {
    const spec = charts().find((c) => c.key === key);
    const cell = (run) =>
      h(
        "td",
        { "data-key": key, "data-run": run.name, "data-value": run.raw[key][t] },
        num(run.market[key][t], key === "firms_active" ? 0 : 1),
      );
    return h(
      "tr",
      {},
      h("td", {}, spec.title, h("span.quiet", {}, `, ${spec.unit}`)),
      cell(a),
      b ? [cell(b), h("td", {}, num(b.market[key][t] - a.market[key][t], key === "firms_active" ? 0 : 1, true))] : null,
    );
  });
  return h(
    "section.card.scroll",
    {},
    h("h2", {}, `The market in ${monthName(months()[t])}`),
    h(
      "table.now",
      { id: "figures", "data-period": t },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", {}, ""),
          h("th", {}, b ? "A" : ""),
          b ? [h("th", {}, "B"), h("th", {}, "B − A")] : null,
        ),
      ),
      h("tbody", {}, rows),
    ),
  );
}

function downloads() {
  const link = query();
  const file = (name) => `/api/scenario.toml?${link}&side=${name}`;
  return h(
    "section.card",
    {},
    h("h2", {}, "Take it with you"),
    h(
      "div.row",
      {},
      h("button", { id: "link", onclick: () => copy(`${location.origin}/explore?${address()}`) }, "Copy link"),
      h("a.button", { id: "data", href: `/api/data.zip?${link}`, download: "" }, "Data (CSV)"),
      h(
        "a.button",
        { id: "file-a", href: file("a"), download: "" },
        state.settings.b ? "Scenario A" : "Scenario file",
      ),
      state.settings.b ? h("a.button", { id: "file-b", href: file("b"), download: "" }, "Scenario B") : null,
    ),
    h(
      "p.quiet",
      { style: "margin-top:8px" },
      "Each chart can be saved as SVG or PNG, with its title and legend. The scenario file gives the same numbers on a command line:",
    ),
    h("code", {}, `pricewar run ${state.runs[0].name}.toml`),
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("The link is in the clipboard: it carries all settings and what is shown.");
  } catch {
    window.prompt("The link carries all settings:", text);
  }
}
