// Explore: levers on the left, a war on the right. The server runs the scenario whole; the page shows it month by
// month. What is done by hand goes into the settings as an event of the next month, so the past stays as it was.
import { chart, extent, ribbonList } from "/static/charts.js";
import { $, ask, h, monthName, num, tell } from "/static/dom.js";

const SPEEDS = { slow: 900, normal: 400, fast: 130 };
const START = "scenario=baseline&a.cut_depth=30&a.follow_rate=60";
const state = {
  side: "a",
  until: 1,
  playing: null,
  speed: "normal",
  runs: [],
  hidden: new Set(),
  firms: null,
};
let offers, settings, page;

export async function show(where) {
  page = where;
  offers = await ask("/api/catalogue");
  settings = read(new URLSearchParams(location.search.slice(1) || START));
  document.title = "pricewar: explore";
  await frame();
}

// -- settings and their link -------------------------------------------------------------------------

function read(query) {
  const found = {
    scenario: query.get("scenario") ?? "baseline",
    seed: Number(query.get("seed") ?? 1),
    leader: query.get("leader") ?? "",
    a: side(),
    b: null,
  };
  if (query.get("compare") === "1" || [...query.keys()].some((k) => k.startsWith("b."))) found.b = side();
  for (const [key, value] of query) {
    const [name, lever] = key.split(".");
    if (!lever || !found[name]) continue;
    if (lever === "acts") found[name].acts = value.split(",").filter(Boolean);
    else found[name].levers[lever] = Number(value);
  }
  return found;
}

const side = () => ({ levers: {}, acts: [] });

function query() {
  const out = new URLSearchParams({ scenario: settings.scenario, seed: settings.seed });
  if (settings.leader) out.set("leader", settings.leader);
  for (const name of ["a", "b"]) {
    if (!settings[name]) continue;
    for (const [key, value] of Object.entries(settings[name].levers)) out.set(`${name}.${key}`, value);
    if (settings[name].acts.length) out.set(`${name}.acts`, settings[name].acts.join(","));
  }
  if (settings.b) out.set("compare", "1");
  return out;
}

async function run() {
  const link = query();
  const answer = await ask(`/api/run?${link}`);
  if (link.toString() !== query().toString()) return; // a lever moved meanwhile: a newer answer is on its way
  state.runs = answer.runs;
  state.until = Math.min(state.until, months().length);
  history.replaceState(null, "", `/explore?${link}`);
  draw();
}

let waiting;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => run().catch((error) => tell(error.message)), 120);
}

const months = () => state.runs[0]?.months ?? [];

// -- the frame of the page ---------------------------------------------------------------------------

async function frame() {
  state.firms = await ask(`/api/firms/${encodeURIComponent(settings.scenario)}`);
  page.replaceChildren(
    h(
      "div.explore",
      {},
      levers(),
      h(
        "div",
        {},
        bar(),
        h("div", { id: "ribbon" }),
        h("div", { id: "legend" }),
        h("div", { id: "charts" }),
        h("div", { id: "below" }),
      ),
    ),
  );
  await run();
}

function bar() {
  return h(
    "div.card.bar",
    {},
    h(
      "div.row",
      {},
      h("span.month", { id: "month" }, ""),
      h("button.main", { id: "run", onclick: toggle }, "▶ Run"),
      h(
        "button",
        {
          id: "step",
          onclick: () => {
            pause();
            step();
          },
        },
        "Step",
      ),
      h("button", { id: "reset", onclick: reset }, "Reset"),
      h(
        "label",
        {},
        "Speed",
        h(
          "select",
          {
            id: "speed",
            onchange: (e) => {
              state.speed = e.target.value;
              if (state.playing) {
                pause();
                toggle();
              }
            },
          },
          Object.keys(SPEEDS).map((name) =>
            h("option", { value: name, ...(name === state.speed ? { selected: "" } : {}) }, name),
          ),
        ),
      ),
      h(
        "div.grow",
        {},
        h("input", {
          type: "range",
          id: "time",
          min: 1,
          step: 1,
          "aria-label": "Month shown",
          oninput: (e) => {
            pause();
            state.until = Number(e.target.value);
            draw();
          },
        }),
      ),
      h("button", { id: "compare", "aria-pressed": String(Boolean(settings.b)), onclick: compare }, "A/B"),
    ),
    h("div.acts", {}, offers.happenings.slice(0, 4).map(act)),
  );
}

function act(happening) {
  return h(
    "button",
    {
      id: `act-${happening.sort}`,
      title: `${happening.meaning}: ${happening.usual} ${happening.unit}`,
      onclick: () => doNow(happening),
    },
    `${happening.label} now`,
  );
}

function doNow(happening) {
  const chosen = settings[state.side] ?? settings.a;
  if (state.until >= months().length) return tell("The run is over: reset it first.");
  chosen.acts.push(`${happening.sort}@${state.until}:${happening.firm ? leader() : ""}:${happening.usual}`);
  tell(
    `${happening.label}: ${happening.usual} ${happening.unit}, next month${settings.b ? ` in ${state.side.toUpperCase()}` : ""}`,
  );
  run()
    .then(() => state.playing || step())
    .catch((error) => {
      chosen.acts.pop();
      tell(error.message);
    });
}

const leader = () => settings.leader || state.firms.leader;

function compare() {
  settings.b = settings.b ? null : side();
  state.side = settings.b ? "b" : "a";
  refresh();
}

function refresh() {
  $("#compare").setAttribute("aria-pressed", String(Boolean(settings.b)));
  $(".levers").replaceWith(levers());
  soon();
}

function toggle() {
  if (state.playing) return pause();
  if (state.until >= months().length) state.until = 1;
  state.playing = setInterval(step, SPEEDS[state.speed]);
  $("#run").textContent = "❚❚ Pause";
  draw();
}

function pause() {
  clearInterval(state.playing);
  state.playing = null;
  $("#run").textContent = "▶ Run";
}

function step() {
  state.until = Math.min(state.until + 1, months().length);
  if (state.until === months().length) pause();
  draw();
}

function reset() {
  pause();
  state.until = 1;
  for (const name of ["a", "b"]) if (settings[name]) settings[name].acts = [];
  run().catch((error) => tell(error.message));
}

// -- levers --------------------------------------------------------------------------------------------

function levers() {
  const groups = d3.group(offers.levers, (lever) => lever.group);
  const open = window.innerWidth > 760;
  return h(
    "aside.card.levers",
    { "aria-label": "Levers" },
    h(
      "label",
      {},
      h("span.quiet", {}, "Scenario"),
      h(
        "select",
        { id: "scenario", style: "width:100%", onchange: (e) => choose(e.target.value) },
        offers.scenarios.map((s) =>
          h(
            "option",
            { value: s.name, title: s.title, ...(s.name === settings.scenario ? { selected: "" } : {}) },
            s.name,
          ),
        ),
      ),
    ),
    h("p.quiet", { style: "margin:0" }, offers.scenarios.find((s) => s.name === settings.scenario)?.title),
    settings.b
      ? h(
          "div.sides",
          { role: "group", "aria-label": "Which run the levers move" },
          ["a", "b"].map((name) =>
            h(
              "button",
              {
                id: `side-${name}`,
                "aria-pressed": String(state.side === name),
                onclick: () => {
                  state.side = name;
                  $(".levers").replaceWith(levers());
                },
              },
              `Levers of ${name.toUpperCase()}`,
            ),
          ),
        )
      : null,
    h(
      "label",
      {},
      h("span.quiet", {}, "Who cuts"),
      h(
        "select",
        {
          id: "leader",
          style: "width:100%",
          onchange: (e) => {
            settings.leader = e.target.value;
            soon();
          },
        },
        state.firms.firms.map((f) =>
          h("option", { value: f.id, ...(f.id === leader() ? { selected: "" } : {}) }, f.name),
        ),
      ),
    ),
    [...groups].map(([name, group], i) =>
      h("details", { open: open && i < 2 }, h("summary", {}, name), group.map(slider)),
    ),
    h(
      "div.row",
      {},
      h(
        "label",
        { title: "Runs with one seed share their luck" },
        "Luck (seed)",
        h("input", {
          id: "seed",
          type: "number",
          min: 0,
          max: 2147483648,
          value: settings.seed,
          style: "width:90px",
          onchange: (e) => {
            settings.seed = Math.max(0, Math.round(Number(e.target.value) || 0));
            soon();
          },
        }),
      ),
      h(
        "button",
        {
          id: "clear",
          onclick: () => {
            settings[state.side].levers = {};
            settings[state.side].acts = [];
            refresh();
          },
        },
        "As shipped",
      ),
    ),
  );
}

function slider(lever) {
  const chosen = settings[state.side] ?? settings.a;
  const given = chosen.levers[lever.key];
  const value = h("span.value", {}, text(lever, given));
  const box = h(
    `div.lever${given === undefined ? "" : ".moved"}`,
    {},
    h("label", { for: `lever-${lever.key}` }, h("span.head", {}, h("span", {}, lever.label), value)),
    h("input", {
      type: "range",
      id: `lever-${lever.key}`,
      min: lever.low,
      max: lever.high,
      step: lever.step,
      "aria-describedby": `why-${lever.key}`,
      "aria-valuetext": text(lever, given),
    }),
    h("div.why", { id: `why-${lever.key}` }, lever.meaning),
  );
  const input = $("input", box);
  input.value = given ?? lever.rest;
  input.oninput = () => {
    chosen.levers[lever.key] = Number(input.value);
    value.textContent = text(lever, Number(input.value));
    input.setAttribute("aria-valuetext", value.textContent);
    box.classList.add("moved");
    soon();
  };
  return box;
}

const text = (lever, given) => readable(lever, given ?? (lever.group === "The cut" ? lever.rest : undefined));
const readable = (lever, value) =>
  value === undefined ? "as shipped" : `${num(value, lever.step < 1 ? 2 : 0)} ${lever.unit}`;

async function choose(name) {
  pause();
  settings = { ...settings, scenario: name, leader: "", a: side(), b: settings.b && side() };
  state.until = 1;
  await frame().catch((error) => tell(error.message));
}

// -- drawing -------------------------------------------------------------------------------------------

function draw() {
  const [a, b] = state.runs;
  $("#month").textContent = monthName(months()[state.until - 1]);
  Object.assign($("#time"), { max: months().length });
  $("#time").value = state.until;
  $("#ribbon").replaceChildren(ribbonList(happened()));
  $("#legend").replaceChildren(legend(a));
  $("#charts").replaceChildren(grid(a, b));
  $("#below").replaceChildren(h("div.below", {}, figures(a, b), downloads()));
}

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
            onclick: () => {
              state.hidden.has(firm.id) ? state.hidden.delete(firm.id) : state.hidden.add(firm.id);
              draw();
            },
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
            onclick: () => {
              state.hidden.has("rest") ? state.hidden.delete("rest") : state.hidden.add("rest");
              draw();
            },
          },
          h("span.swatch", { style: "border-color:#a9b3bc" }),
          "smaller makers",
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
  return [...run.firms]
    .reverse()
    .filter((f) => !state.hidden.has(f.colour ? f.id : "rest"))
    .map((f) => ({
      name: f.name,
      colour: f.colour,
      values: minus
        ? difference(run.firm[spec.key][f.id], minus.firm[spec.key][f.id])
        : run.firm[spec.key][f.id],
    }));
}

const difference = (one, other) =>
  one.map((v, t) => (v === null || other[t] === null || other[t] === undefined ? null : v - other[t]));

function grid(a, b) {
  const specs = offers.charts.filter((c) => c.standard);
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

function figures(a, b) {
  const t = state.until - 1;
  const rows = offers.final.map((key) => {
    const spec = offers.charts.find((c) => c.key === key);
    const cell = (run) =>
      h(
        "td",
        { "data-key": key, "data-run": run.name, "data-value": run.raw[key][t] },
        num(run.market[key][t], 1),
      );
    return h(
      "tr",
      {},
      h("td", {}, spec.title, h("span.quiet", {}, `, ${spec.unit}`)),
      cell(a),
      b ? [cell(b), h("td", {}, num(b.market[key][t] - a.market[key][t], 1, true))] : null,
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
        settings.b ? "Scenario A" : "Scenario file",
      ),
      settings.b ? h("a.button", { id: "file-b", href: file("b"), download: "" }, "Scenario B") : null,
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

let resized;
window.addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => page && state.runs.length && $("#charts") && draw(), 150);
});
