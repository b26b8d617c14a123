// What the explore page shows and what a link carries.
export const state = {
  offers: null, // what the server offers: scenarios, levers, acts, charts
  firms: null, // firms of the scenario and the usual leader
  settings: null, // what a run depends on, and a link carries
  runs: [], // the answer: one or two runs, month by month
  peace: [], // series of the peace of each run, where they were asked for
  peaceful: false, // charts show differences from peace
  lucky: false, // charts have a band of other luck
  luck: { link: "", strands: [], busy: false }, // runs with the luck of other seeds, and for which settings
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

/** Settings and what is shown of them: who opens this address sees what its writer saw. */
export function address() {
  const out = query();
  const shown = [];
  if (state.peaceful) shown.push("peace");
  if (state.lucky) shown.push("luck");
  if (shown.length) out.set("show", shown.join(","));
  if (state.until < months().length) out.set("until", state.until);
  if (state.hidden.size) out.set("hide", [...state.hidden].join(","));
  if (state.side === "b") out.set("side", "b");
  return out;
}

/** Take up what an address shows, the settings left aside. */
export function look(query) {
  const list = (key) => (query.get(key) ?? "").split(",").filter(Boolean);
  const shown = list("show");
  state.peaceful = shown.includes("peace");
  state.lucky = shown.includes("luck");
  const until = Math.floor(Number(query.get("until")));
  state.until = until >= 1 ? until : Infinity; // the whole run at first sight
  state.hidden = new Set(list("hide"));
  state.side = query.get("side") === "b" && state.settings.b ? "b" : "a";
}
