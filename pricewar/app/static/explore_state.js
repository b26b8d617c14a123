// What the explore page shows and what a link carries.
export const state = {
  offers: null, // what the server offers: scenarios, levers, acts, charts
  firms: null, // firms of the scenario and the usual leader
  settings: null, // what a run depends on, and a link carries
  runs: [], // the answer: one or two runs, month by month
  side: "a", // the run that levers and acts move
  until: 1, // months shown
  playing: null,
  speed: "normal",
  hidden: new Set(),
};

export const side = () => ({ levers: {}, acts: [] });
export const chosen = () => state.settings[state.side] ?? state.settings.a;
export const months = () => state.runs[0]?.months ?? [];
export const leader = () => state.settings.leader || state.firms.leader;

/** Settings from the query of a link; `first` is the market of a link that names none. */
export function read(query, first = "baseline") {
  const found = {
    scenario: query.get("scenario") ?? first,
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

/** The settings as the query of a link. */
export function query() {
  const out = new URLSearchParams({ scenario: state.settings.scenario, seed: state.settings.seed });
  if (state.settings.leader) out.set("leader", state.settings.leader);
  for (const name of ["a", "b"]) {
    if (!state.settings[name]) continue;
    for (const [key, value] of Object.entries(state.settings[name].levers)) out.set(`${name}.${key}`, value);
    if (state.settings[name].acts.length) out.set(`${name}.acts`, state.settings[name].acts.join(","));
  }
  if (state.settings.b) out.set("compare", "1");
  return out;
}
