// The levers: each with its unit, its meaning, and where it stands.
import { $, h, num } from "/static/dom.js";
import { chosen, leader, state } from "/static/explore_state.js";

/**
 * The panel.
 * @param on what to do: changed (a lever moved), choose (another scenario), refresh (draw the panel anew and run)
 */
export function levers(on) {
  const groups = d3.group(state.offers.levers, (lever) => lever.group);
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
        { id: "scenario", style: "width:100%", onchange: (e) => on.choose(e.target.value) },
        state.offers.scenarios.map((s) =>
          h(
            "option",
            {
              value: s.name,
              title: s.title,
              ...(s.name === state.settings.scenario ? { selected: "" } : {}),
            },
            s.name,
          ),
        ),
      ),
    ),
    h(
      "p.quiet",
      { style: "margin:0" },
      state.offers.scenarios.find((s) => s.name === state.settings.scenario)?.title,
    ),
    state.settings.b
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
                  $(".levers").replaceWith(levers(on));
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
            state.settings.leader = e.target.value;
            on.changed();
          },
        },
        state.firms.firms.map((f) =>
          h("option", { value: f.id, ...(f.id === leader() ? { selected: "" } : {}) }, f.name),
        ),
      ),
    ),
    [...groups].map(([name, group], i) =>
      h(
        "details",
        { open: open && i < 2 },
        h("summary", {}, name),
        group.map((lever) => slider(lever, on)),
      ),
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
          value: state.settings.seed,
          style: "width:90px",
          onchange: (e) => {
            state.settings.seed = Math.max(0, Math.round(Number(e.target.value) || 0));
            on.changed();
          },
        }),
      ),
      h(
        "button",
        {
          id: "clear",
          onclick: () => {
            state.settings[state.side].levers = {};
            state.settings[state.side].acts = [];
            on.refresh();
          },
        },
        "As shipped",
      ),
    ),
  );
}

function slider(lever, on) {
  const given = chosen().levers[lever.key];
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
    chosen().levers[lever.key] = Number(input.value);
    value.textContent = text(lever, Number(input.value));
    input.setAttribute("aria-valuetext", value.textContent);
    box.classList.add("moved");
    on.changed();
  };
  return box;
}

const text = (lever, given) => readable(lever, given ?? (lever.group === "The cut" ? lever.rest : undefined));
const readable = (lever, value) =>
  value === undefined ? "as shipped" : `${num(value, lever.step < 1 ? 2 : 0)} ${lever.unit}`;
