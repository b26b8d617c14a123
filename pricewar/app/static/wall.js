// What hangs on the wall: the code, the clock, and how many have decided. Boards only where the teacher shows them.
import { wall as boardOf } from "/static/board.js";
import { h, monthName } from "/static/dom.js";
import { clock } from "/static/game.js";
import { joint } from "/static/joint.js";

export async function draw(page, { state, code, call }) {
  const ended = state.phase === "over" ? await call("joint") : null;
  page.replaceChildren(
    h(
      "div.stack",
      {},
      h("section.card.wallhead", {}, state.phase === "over" ? null : invitation(code), standing(state)),
      state.several && !ended ? markets(state) : null,
      ended ? joint(ended, page.clientWidth, { large: true }) : boards(state),
    ),
  );
}

const invitation = (code) =>
  h(
    "div.invite",
    {},
    h("img", { src: `/api/game/${code}/qr.svg`, alt: `Picture of the address to join at, code ${code}`, width: 240, height: 240 }),
    h(
      "div",
      {},
      h("p.quiet", {}, "Join at"),
      h("p.address", {}, `${location.host}/game`),
      h("p.quiet", {}, "with the code"),
      h("h1.code", { id: "game-code" }, code),
    ),
  );

function standing(state) {
  if (state.phase === "over") return h("h1", { id: "phase" }, "Game over");
  const lobby = state.phase === "lobby";
  return h(
    "div.standing",
    {},
    h("p.phase", { id: "phase" }, lobby ? "Waiting to start" : round(state)),
    lobby ? null : clock(state),
    h(
      "p.count",
      { id: "count" },
      lobby ? `${state.joined} of ${state.seats_in_all} seats taken` : `${state.decided} of ${state.deciders} decided`,
    ),
  );
}

function round(state) {
  const how = [state.practice ? "Practice" : "", state.phase === "paused" ? "Paused" : ""].filter(Boolean);
  const many = state.stop ? "" : ` of ${state.rounds}`;
  return [...how, `Round ${state.round + 1}${many}`, monthName(state.month)].join(", ");
}

const markets = (state) =>
  h(
    "section.card",
    {},
    h("h2", {}, "Markets"),
    h(
      "ul.markets",
      { id: "markets" },
      state.markets.map((one) =>
        h(
          one.phase === "open" && one.decided === one.deciders ? "li.all" : "li",
          {},
          h("b", {}, one.key),
          one.phase === "lobby"
            ? ` ${one.deciders} here`
            : one.phase === "over"
              ? " done"
              : ` ${one.decided} of ${one.deciders} decided${state.together ? "" : `, round ${one.round + 1}`}`,
        ),
      ),
    ),
  );

const boards = (state) =>
  state.markets
    .filter((one) => one.board)
    .flatMap((one) => [
      state.several ? h("h2", {}, `Market ${one.key}`) : null,
      ...boardOf({ ...state, ...one, month: state.month }),
    ]);
