// The game in the browser: a door, the teacher's desk, a player's desk. The secret of a seat stays in this browser
// and goes with each request; closing the page loses nothing.
import { ask, h, speak, tell } from "/static/dom.js";

const MARKETS = {
  textbook: "Equal firms, one car each",
  china: "China, April 2025: BYD and the next biggest",
};
const COMPUTER = {
  match: "match most of a cut",
  "tit-for-tat": "tit-for-tat",
  "best-response": "take the best response",
  hold: "hold their prices",
};
const DEFAULT = {
  last: "keeps their last price",
  match: "matches rivals",
  hold: "goes back to the start price",
};

export async function show(page, [code]) {
  document.title = "pricewar: game";
  if (code) return desk(page, code.toUpperCase());
  door(page);
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

/** A secret of this browser: a second join from it finds the seat it has. */
function browser() {
  if (!localStorage.getItem("browser")) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    localStorage.setItem("browser", Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
  }
  return localStorage.getItem("browser");
}

function door(page) {
  const code = new URLSearchParams(location.search).get("code") ?? "";
  const back = h("div.card", { id: "back", hidden: "" });
  page.replaceChildren(h("div.door", {}, back, joinBox(code), openBox()));
  openGames(back);
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
          h("a", { href: `/game/${code}`, "data-code": code }, code),
          ` · ${state.role === "teacher" ? "your desk" : `${state.name}, ${state.firm_name}`} · ${
            state.phase === "over" ? "over" : `round ${state.round + 1} of ${state.rounds}`
          }`,
        ),
      ),
    ),
  );
}

/** The state of a game as its seat sees it; null, and forgotten, if game or seat are gone. */
async function standing(code) {
  try {
    return await ask(`/api/game/${code}/state`, { token: held(code).token });
  } catch (error) {
    if (error.status === 401 || error.status === 404) forget(code);
    return null;
  }
}

function field(label, input) {
  return h("label", {}, h("span.quiet", {}, label), input);
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
  const join = async (event) => {
    event.preventDefault();
    const where = codeInput.value.trim().toUpperCase();
    try {
      if (!where) throw new Error("Type the code that the teacher shows.");
      const body = { name: name.value, browser: browser(), ...(pin.value ? { pin: pin.value } : {}) };
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

/** Markets of the user's own, as files given to the server, stand first and are chosen. */
async function ownMarkets(select) {
  const { own, scenarios } = await ask("/api/catalogue");
  const titles = Object.fromEntries(scenarios.map((one) => [one.name, one.title]));
  select.prepend(...own.map((name) => h("option", { value: name }, titles[name] || name)));
  if (own.length) select.value = own[0];
}

function openBox() {
  const choice = (id, of, chosen) =>
    h(
      "select",
      { id },
      Object.entries(of).map(([value, text]) =>
        h("option", { value, ...(value === chosen ? { selected: "" } : {}) }, text),
      ),
    );
  const count = (id, value, min, max) => h("input", { id, type: "number", value, min, max });
  const parts = {
    market: choice("market", MARKETS),
    firms: count("firms", 4, 2, 12),
    rounds: count("rounds", 12, 3, 36),
    seconds: count("seconds", 90, 5, 900),
    computer: choice("computer", COMPUTER),
    default: choice("default", DEFAULT),
    board: h("input", { id: "board", type: "checkbox" }),
    shared: h("input", { id: "shared", type: "checkbox" }),
  };
  ownMarkets(parts.market);
  const wrong = h("p.error", { role: "alert" });
  const open = async (event) => {
    event.preventDefault();
    const body = {
      market: parts.market.value,
      computer: parts.computer.value,
      default: parts.default.value,
      board: parts.board.checked,
      shared: parts.shared.checked,
    };
    for (const key of ["firms", "rounds", "seconds"]) body[key] = Number(parts[key].value);
    try {
      const made = await ask("/api/game", { body });
      hold(made.code, { role: "teacher", token: made.token });
      location.href = `/game/${made.code}`;
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  return h(
    "form.card",
    { onsubmit: open },
    h("h1", {}, "Open a game"),
    field("Market", parts.market),
    h(
      "div.row",
      {},
      field("Firms to play", parts.firms),
      field("Rounds", parts.rounds),
      field("Seconds a round", parts.seconds),
    ),
    field("Computer firms", parts.computer),
    field("A player who is too late", parts.default),
    h("div.row", {}, h("label", {}, parts.board, "Players see everybody's profit")),
    h("div.row", {}, h("label", {}, parts.shared, "Several players may share a browser")),
    wrong,
    h("button.main", { id: "open", type: "submit" }, "Open"),
  );
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
async function follow(page, code, call, draw) {
  let version = "",
    misses = 0;
  for (;;) {
    try {
      const state = await call(`state?since=${version}`);
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
