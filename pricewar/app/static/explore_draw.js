// The right side of the explore page: ribbon, charts, figures of the month, downloads.
import { timeline } from "/static/campaigns.js";
import { chart, extent, ribbonList } from "/static/charts.js";
import { $, h, monthName, num, tell, words } from "/static/dom.js";
import { months, query, state } from "/static/explore_state.js";

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
}

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

function seriesOf(run, spec, minus) {
  if (spec.of === "market") {
    const values = run.market[spec.key];
    return [
      {
        name: spec.key === "war_index" ? "War" : "Market",
        colour: "#0072B2",
        values: minus ? difference(values, minus.market[spec.key]) : values,
      },
    ];
  }
  const shown = [...run.firms].reverse().filter((f) => !state.hidden.has(f.colour ? f.id : "rest"));
  const explained = spec.key === "price_change" && !minus ? shown.filter((f) => f.colour) : [];
  return [
    ...explained.map((f) => ({
      name: `${f.name}: costs explain`,
      colour: f.colour,
      thin: true,
      values: run.explained[f.id],
    })),
    ...shown.map((f) => ({
      name: f.name,
      colour: f.colour,
      values: minus
        ? difference(run.firm[spec.key][f.id], minus.firm[spec.key][f.id])
        : run.firm[spec.key][f.id],
    })),
  ];
}

/** The charts in the words of the market that is shown. */
const charts = () => state.runs[0]?.charts ?? state.offers.charts;

const difference = (one, other) =>
  one.map((v, t) => (v === null || other[t] === null || other[t] === undefined ? null : v - other[t]));

function grid(a, b) {
  const specs = charts().filter((c) => c.standard);
  const wide = $("#charts").clientWidth;
  const columns = wide > 700 ? 3 : wide > 480 && !b ? 2 : 1;
  const width = (wide - 10 * (columns - 1)) / columns - 22;
  const options = { months: months(), until: state.until, width };
  const cells = specs.flatMap((spec) => {
    if (!b)
      return [
        chart(spec, seriesOf(a, spec), {
          ...options,
          ribbon: a.ribbon,
          domain: extent([seriesOf(a, spec)], spec.zero),
        }),
      ];
    const [sa, sb, sd] = [seriesOf(a, spec), seriesOf(b, spec), seriesOf(b, spec, a)];
    const domain = extent([sa, sb], spec.zero);
    const gap = {
      ...spec,
      zero: 0,
      unit: spec.unit.startsWith("%") ? "percentage points" : spec.unit.split(",")[0],
    };
    return [
      chart(spec, sa, { ...options, ribbon: a.ribbon, domain, label: "A" }),
      chart(spec, sb, { ...options, ribbon: b.ribbon, domain, label: "B" }),
      chart(gap, sd, { ...options, domain: extent([sd], 0), label: "B − A" }),
    ];
  });
  return h("div.charts", { style: `grid-template-columns:repeat(${columns},minmax(0,1fr))` }, cells);
}

/** A timeline of campaigns below the charts for each run that has them on. */
function campaigns(a, b) {
  const options = {
    until: state.until,
    width: $("#charts").clientWidth - 22,
    hides: (firm) => state.hidden.has(firm.colour ? firm.id : "rest"),
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
      h("button", { id: "link", onclick: () => copy(location.href) }, "Copy link"),
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
      "Each chart has its own SVG. The scenario file gives the same numbers on a command line:",
    ),
    h("code", {}, `pricewar run ${state.runs[0].name}.toml`),
  );
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    tell("The link is in the clipboard: it carries all settings.");
  } catch {
    window.prompt("The link carries all settings:", text);
  }
}
