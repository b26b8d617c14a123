// The band around each line: the same runs with the luck of other seeds, asked for one by one while the class looks on.
import { ask, tell, words } from "/static/dom.js";
import { query, state } from "/static/explore_state.js";

const AGAIN = 4000; // ms until a server that is busy is asked again
const SHARE = 0.9; // of the runs between the two edges of the band

const asked = () => `${query()}${state.peaceful ? "&peace=1" : ""}`;

/** Ask for all strands of the band; `changed` is called after each, and one who moves a lever meanwhile ends it. */
export async function spin(changed) {
  const link = asked();
  if (state.luck.link === link && (state.luck.busy || done())) return;
  const luck = { link, strands: [], busy: true };
  state.luck = luck;
  changed();
  for (let number = 1; number <= state.offers.seeds; number++) {
    const strand = await oneRun(`/api/luck?${link}&number=${number}`, () => state.luck === luck);
    if (state.luck !== luck) return;
    if (!strand) break;
    luck.strands.push(strand);
    luck.busy = number < state.offers.seeds;
    changed();
  }
  luck.busy = false;
}

/** Forget the band, and ask for no more of it. */
export const drop = () => (state.luck = { link: "", strands: [], busy: false });

const done = () => state.luck.strands.length === state.offers.seeds;

async function oneRun(path, wanted) {
  while (wanted()) {
    try {
      return await ask(path);
    } catch (error) {
      if (error.status !== 429 && error.status !== 503) return void tell(error.message);
      await new Promise((ready) => setTimeout(ready, AGAIN));
    }
  }
}

/** How far it is, in words. */
export const told = () => {
  const all = state.offers.seeds;
  if (!state.lucky) return "";
  if (!done()) return `Working out luck: ${state.luck.strands.length} of ${all} runs.`;
  const who = `Where more than two ${words.maker}s are shown, only the one that cuts has a shade.`;
  return `Shade: nine in ten of ${all} runs with other luck (seeds 1 to ${all}); the line is seed ${state.settings.seed}. ${who}`;
};

/**
 * Low and high of each period over all strands; undefined until they are complete.
 * @param valuesOf a strand -> its values by period; a firm that has left has none, and at least half must be left
 */
export function band(valuesOf) {
  if (!state.lucky || !done() || state.luck.link !== asked()) return undefined;
  const all = state.luck.strands.map(valuesOf);
  return all[0].map((_, t) => {
    const here = all.map((values) => values[t]).filter((v) => v !== null && v !== undefined);
    if (2 * here.length < all.length) return null;
    return [d3.quantile(here, (1 - SHARE) / 2), d3.quantile(here, (1 + SHARE) / 2)];
  });
}
