// The game in the browser: a door, the teacher's desk, a player's desk. The secret of a seat stays in this browser
// and goes with each request; closing the page loses nothing.
import { ask, h, speak, tell } from "/static/dom.js";
import { browserKey } from "/static/predict.js";
import { field, openBox } from "/static/open.js";

export async function show(page, [code, room]) {
  document.title = "pricewar: game";
  if (!code) return door(page);
  if (room === "wall") return wall(page, code.toUpperCase());
  if (room === "desk") takeKey(code.toUpperCase());
  return desk(page, code.toUpperCase());
}

/** The teacher's link carries the secret behind a #, which browsers send to nobody; it is kept, and leaves the address. */
function takeKey(code) {
  const token = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!token) return;
  hold(code, { role: "teacher", token });
  history.replaceState(null, "", `/game/${code}/desk`);
}

// A tab remembers its own seat before that of the browser, so that several players may share a browser.
const held = (code) =>
  JSON.parse(sessionStorage.getItem(`seat-${code}`) ?? localStorage.getItem(`seat-${code}`) ?? "null");
function hold(code, seat) {
  for (const store of [sessionStorage, localStorage]) store.setItem(`seat-${code}`, JSON.stringify(seat));
}
function forget(code) {
  for (const store of [sessionStorage, localStorage]) store.removeItem(`seat-${code}`);
}

function door(page) {
  const code = new URLSearchParams(location.search).get("code") ?? "";
  const back = h("div.card", { id: "back", hidden: "" });
  page.replaceChildren(h("div.door", {}, back, joinBox(code), openBox((made) => enter(made))));
  openGames(back);
}

function enter({ code, token }) {
  hold(code, { role: "teacher", token });
  location.href = `/game/${code}/desk`;
}

/** Games that this browser knows and that still run, with the way back to each. */
async function openGames(card) {
  const codes = Object.keys(localStorage)
    .filter((key) => key.startsWith("seat-"))
    .map((key) => key.slice(5));
  const states = await Promise.all(codes.map((code) => standing(code)));
  const found = codes.map((code, i) => [code, states[i]]).filter(([, state]) => state);
  if (!found.length) return;
  card.hidden = false;
  card.replaceChildren(
    h("h1", {}, "Go back"),
    h(
      "ul",
      { style: "padding-left:18px" },
      found.map(([code, state]) =>
        h(
          "li",
          {},
          h("a", { href: state.role === "teacher" ? `/game/${code}/desk` : `/game/${code}`, "data-code": code }, code),
          ` · ${state.role === "teacher" ? desksOf(state) : `${state.name}, ${state.firm_name}`} · ${
            state.phase === "over" ? "over" : `round ${state.round + 1} of ${state.rounds}`
          }`,
        ),
      ),
    ),
  );
}

const desksOf = (state) =>
  `your desk, ${state.several ? `${state.markets.length} markets, ` : ""}${state.joined} of ${state.seats_in_all} seats taken`;

/** The state of a game as its seat sees it; null, and forgotten, if game or seat are gone. */
async function standing(code) {
  try {
    return await ask(`/api/game/${code}/state`, { token: held(code).token });
  } catch (error) {
    if (error.status === 401 || error.status === 404) forget(code);
    return null;
  }
}

function joinBox(code) {
  const codeInput = h("input", {
    id: "code",
    value: code,
    maxlength: 8,
    autocapitalize: "characters",
    autocomplete: "off",
    placeholder: "ABCDE",
    style: "text-transform:uppercase",
  });
  const name = h("input", {
    id: "name",
    maxlength: 24,
    autocomplete: "off",
    placeholder: "Your name or your team's",
  });
  const pin = h("input", { id: "rejoin-pin", inputmode: "numeric", maxlength: 8, autocomplete: "off" });
  const wrong = h("p.error", { id: "join-error", role: "alert" });
  const choice = h("div", { id: "choice" });
  const offer = async () => {
    const where = codeInput.value.trim();
    if (where.length !== 5) return choice.replaceChildren();
    const found = await ask(`/api/game/${encodeURIComponent(where)}/door`).catch(() => null);
    choice.replaceChildren(...(found?.choice ? [marketChoice(found.free)] : []));
    if (found?.listed) choice.replaceChildren(h("p.quiet", {}, "Write your name as it stands on the list of the class."));
  };
  codeInput.onchange = offer;
  offer();
  const join = async (event) => {
    event.preventDefault();
    const where = codeInput.value.trim().toUpperCase();
    try {
      if (!where) throw new Error("Type the code that the teacher shows.");
      const body = { name: name.value, browser: browserKey(), ...(pin.value ? { pin: pin.value } : {}) };
      const market = choice.querySelector("select")?.value;
      if (market) body.market = market;
      const what = pin.value ? "rejoin" : "join";
      const ticket = await ask(`/api/game/${encodeURIComponent(where)}/${what}`, { body });
      hold(where, { role: "player", ...ticket });
      location.href = `/game/${where}`;
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  return h(
    "form.card",
    { onsubmit: join },
    h("h1", {}, "Join a game"),
    field("Code", codeInput),
    field("Name", name),
    choice,
    h("p.quiet", {}, "Your name is kept on the teacher's machine only, and deleted with the game."),
    h(
      "details",
      { id: "other-device" },
      h("summary", {}, "I have a seat on another device"),
      field("PIN, as it stands on that device", pin),
    ),
    wrong,
    h("button.main", { id: "join", type: "submit" }, "Join"),
  );
}

const marketChoice = (free) =>
  field(
    "Market",
    h(
      "select",
      { id: "join-market" },
      Object.entries(free).map(([key, seats]) =>
        h("option", { value: key, ...(seats ? {} : { disabled: "" }) }, `Market ${key}: ${seats} free`),
      ),
    ),
  );

/** What hangs on the wall: whoever has the code may look. */
async function wall(page, code) {
  const { draw } = await import("/static/wall.js");
  document.body.classList.add("wall");
  const call = (what) => ask(`/api/game/${code}/${what}`);
  follow(page, code, call, (state) => draw(page, { state, code, call }), "wall");
}

async function desk(page, code) {
  const seat = held(code);
  if (!seat) {
    history.replaceState(null, "", `/game?code=${encodeURIComponent(code)}`);
    return door(page);
  }
  const { draw } = await import(seat.role === "teacher" ? "/static/teacher.js" : "/static/player.js");
  const call = (what, body) => ask(`/api/game/${code}/${what}`, { body, token: seat.token });
  const fetchFile = (what) => ask(`/api/game/${code}/${what}`, { token: seat.token, raw: true });
  follow(page, code, call, (state) => draw(page, { state, code, call, fetchFile, seat }));
}

const LONGEST_PRESS = 3000; // ms; a page must not wait for a finger that never lifts

let press = Promise.resolve(),
  lift = () => {};
addEventListener("pointerdown", () => {
  lift();
  press = new Promise((done) => {
    lift = done;
    setTimeout(done, LONGEST_PRESS);
  });
}, true);
// The click comes after the pointer is up: draw behind it.
for (const up of ["pointerup", "pointercancel"]) addEventListener(up, () => setTimeout(lift, 0), true);

/** Done when no button is held down: a button that is drawn anew between press and release loses its click. */
const released = () => press;

/** Draw each new state; the server answers when something has changed, at the latest after some seconds. */
async function follow(page, code, call, draw, what = "state") {
  let version = "",
    misses = 0;
  for (;;) {
    try {
      const state = await call(`${what}?since=${version}`);
      misses = 0;
      version = state.version;
      speak(state.words);
      await released();
      await draw(state);
    } catch (error) {
      if (error.status === 401 || error.status === 404) {
        forget(code);
        page.replaceChildren(
          h(
            "div.card",
            {},
            h("h1", {}, "This seat is gone"),
            h("p.error", {}, error.message),
            h("a", { href: `/game?code=${code}` }, "Back to the door"),
          ),
        );
        return;
      }
      tell(error.status ? error.message : "No connection: trying again …");
      await new Promise((done) => setTimeout(done, Math.min(500 * 2 ** misses++, 5000)));
    }
  }
}

/** Seconds as 1:05, counted down in the browser between two answers. */
export function clock(state) {
  const node = h("span.clock", { id: "clock", "aria-label": "Time left" });
  const end = performance.now() + 1000 * state.seconds_left;
  const write = () => {
    const left = state.phase === "open" ? Math.max(0, (end - performance.now()) / 1000) : state.seconds_left;
    node.textContent = `${Math.floor(left / 60)}:${String(Math.floor(left % 60)).padStart(2, "0")}`;
    node.classList.toggle("short", left < 10);
    if (node.isConnected && state.phase === "open") setTimeout(write, 250);
  };
  setTimeout(write, 0);
  return node;
}

export const PHASES = {
  lobby: "Waiting for the teacher to start",
  open: "Set your price",
  paused: "Paused",
  over: "Game over",
};
