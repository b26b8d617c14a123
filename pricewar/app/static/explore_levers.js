// The levers: each with its unit, its meaning, and where it stands.
import { $, h, num } from "/static/dom.js";
import { chosen, leader, state } from "/static/explore_state.js";

/**
 * The panel.
 * @param on what to do: changed (a lever moved), choose (another scenario), refresh (draw the panel anew and run)
 */
export function levers(on) {
  const panel = whole(on);
  greyDead(panel);
  return panel;
}

/** The panel drawn anew: groups stay open, the page stays where it is, the focus stays where it was. */
export function renew(on) {
  const old = $(".levers");
  const open = [...old.querySelectorAll("details")].map((group) => group.open);
  const [top, focus] = [old.scrollTop, document.activeElement?.id];
  const fresh = levers(on);
  old.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((group, i) => (group.open = open[i]));
  fresh.scrollTop = top;
  if (focus) document.getElementById(focus)?.focus({ preventScroll: true });
}

function whole(on) {
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
                  renew(on);
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
          onchange: (e) => on.lead(e.target.value),
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

/** Why a lever moves nothing as things stand; "" if it does. */
function deadBecause(lever) {
  const standing = state.firms.levers[lever.key];
  if (standing.dead) return standing.dead;
  const needs = state.firms.needs[lever.key];
  if (!needs || needs.some((key) => moved(key))) return "";
  const [first] = needs.map((key) => state.firms.levers[key].label);
  return needs.length > 1
    ? `Moves nothing before ${first} or a nudge does.`
    : `Moves nothing while ${first} is at 0.`;
}

const moved = (key) => {
  const lever = state.offers.levers.find((one) => one.key === key);
  return (chosen().levers[key] ?? lever.rest) !== lever.rest;
};

/** Grey out what moves nothing, and say why; the nodes stay, so a slider may be in a hand meanwhile. */
function greyDead(panel) {
  for (const lever of state.offers.levers) {
    const input = $(`#lever-${lever.key}`, panel),
      reason = deadBecause(lever);
    input.disabled = Boolean(reason);
    input.closest(".lever").classList.toggle("dead", Boolean(reason));
    $(`#why-${lever.key}`, panel).textContent = reason || spoken(lever).meaning + noteOf(lever) + asShipped(lever);
  }
}

/** Label, unit and meaning in the words of the market. */
const spoken = (lever) => state.firms.levers[lever.key];

const noteOf = (lever) => {
  const { note } = state.firms.levers[lever.key];
  return note ? `. ${note}` : "";
};

/** Where a lever that was moved stands in the scenario as shipped. */
const asShipped = (lever) =>
  chosen().levers[lever.key] === undefined ? "" : `. As shipped: ${text(lever, undefined)}`;

function slider(lever, on) {
  const given = chosen().levers[lever.key];
  const value = h("span.value", {}, text(lever, given));
  const box = h(
    `div.lever${given === undefined ? "" : ".moved"}`,
    {},
    h("label", { for: `lever-${lever.key}` }, h("span.head", {}, h("span", {}, spoken(lever).label), value)),
    h("input", {
      type: "range",
      id: `lever-${lever.key}`,
      min: lever.low,
      max: lever.high,
      step: lever.step,
      "aria-describedby": `why-${lever.key}`,
      "aria-valuetext": text(lever, given),
    }),
    h("div.why", { id: `why-${lever.key}` }, spoken(lever).meaning),
  );
  const input = $("input", box);
  input.value = given ?? lever.rest;
  input.oninput = () => {
    chosen().levers[lever.key] = Number(input.value);
    value.textContent = text(lever, Number(input.value));
    input.setAttribute("aria-valuetext", value.textContent);
    box.classList.add("moved");
    greyDead(box.closest(".levers"));
    on.changed();
  };
  return box;
}

/** The value in words: what was set, else the scenario's own, else where the slider rests. */
function text(lever, given) {
  const { shipped, dead, unit } = spoken(lever);
  if (dead) return "–";
  if (given !== undefined) return `${num(given, lever.step < 1 ? 2 : 0)} ${unit}`;
  return `${shipped.replace(/^-/, "\u2212") || num(lever.rest, 0)} ${unit}`;
}
