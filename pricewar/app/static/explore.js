// Explore: levers on the left, a war on the right. The server runs the scenario whole; the page shows it month by
// month. What is done by hand goes into the settings as an event of the next month, so the past stays as it was.
import { $, ask, h, num, speak, tell, words } from "/static/dom.js";
import { draw } from "/static/explore_draw.js";
import { levers, renew } from "/static/explore_levers.js";
import { drop, spin } from "/static/explore_luck.js";
import { address, chosen, leader, look, months, query, read, side, state } from "/static/explore_state.js";

const SPEEDS = { slow: 900, normal: 400, fast: 130 };
const START = "a.cut_depth=30";
const on = { changed: soon, choose, lead, refresh };
let page;

export async function show(where) {
  page = where;
  state.offers = await ask("/api/catalogue");
  const link = new URLSearchParams(location.search.slice(1) || START);
  state.settings = read(link, state.offers.own[0]);
  look(link);
  document.title = "pricewar: explore";
  await frame();
}

async function run() {
  const link = query();
  const { peaceful } = state;
  const answer = await ask(`/api/run?${link}${peaceful ? "&peace=1" : ""}`);
  if (link.toString() !== query().toString() || peaceful !== state.peaceful) return; // a newer answer is on its way
  Object.assign(state, { runs: answer.runs, peace: answer.peace ?? [] });
  speak(answer.runs[0]?.words);
  state.until = Math.min(state.until, months().length);
  history.replaceState(null, "", `/explore?${address()}`);
  draw();
  if (state.lucky) spin(draw);
}

let waiting;
function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(() => run().catch((error) => tell(error.message)), 120);
}

/** Firms of the scenario, and where the levers stand for the one that leads. */
async function meet() {
  const { scenario, leader } = state.settings;
  const query = new URLSearchParams(leader ? { leader } : {});
  state.firms = await ask(`/api/firms/${encodeURIComponent(scenario)}?${query}`);
  speak(state.firms.words);
}

async function lead(firm) {
  state.settings.leader = firm;
  await meet().catch((error) => tell(error.message));
  refresh();
}

async function frame() {
  await meet();
  page.replaceChildren(
    h(
      "div.explore",
      {},
      levers(on),
      h(
        "div",
        {},
        bar(),
        h("p", { id: "told", role: "status" }),
        h("div", { id: "ribbon" }),
        h("p.quiet", { id: "seen", role: "status" }),
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
          "aria-label": `The ${words.period} shown`,
          oninput: (e) => {
            pause();
            state.until = Number(e.target.value);
            draw();
          },
        }),
      ),
      h(
        "button",
        { id: "compare", "aria-pressed": String(Boolean(state.settings.b)), onclick: compare },
        "A/B",
      ),
      sight("peaceful", "Less peace", "Show differences from peace: the same market, luck and measures, but nobody is made to cut and nobody runs campaigns"),
      sight("lucky", "Luck", "Show how far the lines move with luck alone"),
    ),
    h("div.acts", {}, state.firms.happenings.slice(0, 4).map(act)),
  );
}

/** A button that changes what charts show, and nothing of the run. */
function sight(name, label, title) {
  const press = () => {
    state[name] = !state[name];
    button.setAttribute("aria-pressed", String(state[name]));
    if (!state.lucky) drop();
    run().catch((error) => tell(error.message));
  };
  const button = h("button", { id: name, title, "aria-pressed": String(state[name]), onclick: press }, label);
  return button;
}

function act(happening) {
  return h(
    "button",
    {
      id: `act-${happening.sort}`,
      title: `${happening.meaning}: ${sized(happening)}`,
      onclick: () => doNow(happening),
    },
    `${happening.label} now`,
  );
}

/** The usual size with its unit. */
const sized = (happening) =>
  `${num(happening.usual, happening.money ? words.digits : 0)} ${happening.unit}`;

function doNow(happening) {
  if (state.until >= months().length)
    return tell("The run is at its end: go back in time to where this should happen, or press Reset.");
  const { acts } = chosen();
  acts.push(`${happening.sort}@${state.until}:${happening.firm ? leader() : ""}:${happening.usual}`);
  tell(
    `${happening.label}: ${sized(happening)}, next ${words.period}${state.settings.b ? ` in ${state.side.toUpperCase()}` : ""}`,
  );
  run()
    .then(() => state.playing || step())
    .catch((error) => {
      acts.pop();
      tell(error.message);
    });
}

function compare() {
  state.settings.b = state.settings.b ? null : side();
  state.side = state.settings.b ? "b" : "a";
  refresh();
}

function refresh() {
  $("#compare").setAttribute("aria-pressed", String(Boolean(state.settings.b)));
  renew(on);
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
  for (const name of ["a", "b"]) if (state.settings[name]) state.settings[name].acts = [];
  run().catch((error) => tell(error.message));
}

async function choose(name) {
  pause();
  state.settings = { ...state.settings, scenario: name, leader: "", a: side(), b: state.settings.b && side() };
  state.until = Infinity;
  await frame().catch((error) => tell(error.message));
}

let resized;
window.addEventListener("resize", () => {
  clearTimeout(resized);
  resized = setTimeout(() => page && state.runs.length && $("#charts") && draw(), 150);
});
