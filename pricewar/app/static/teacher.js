// The teacher's desk: who is in, time, events and nudges, the board for the wall, and the debrief.
import { wall } from "/static/board.js";
import { debrief } from "/static/debrief.js";
import { $, h, monthName, save, tell, words } from "/static/dom.js";
import { clock } from "/static/game.js";

export async function draw(page, { state, code, call, fetchFile }) {
  const order = (body, done) =>
    call("order", body)
      .then(() => done && tell(done))
      .catch((error) => tell(error.message));
  const kept = keepChoices(page);
  const asked = Boolean($("#end-asks"));
  page.replaceChildren(
    h(
      "div.stack",
      {},
      head(state, code, order),
      h(
        "div.play",
        {},
        h(
          "div.stack",
          {},
          seats(state, order),
          state.phase === "over" ? files(code, fetchFile) : nudges(state, order),
        ),
        h(
          "div.stack",
          {},
          state.phase === "over" && state.round > 0 ? h("div", { id: "debrief" }) : null,
          ...wall(state),
        ),
      ),
    ),
  );
  kept();
  if (asked) $("#end")?.onclick?.();
  if (state.phase === "over" && state.round > 0)
    $("#debrief").replaceChildren(debrief(await call("debrief"), $("#debrief").clientWidth));
}

/** A redraw must not undo what the teacher is choosing. */
function keepChoices(page) {
  const values = new Map(
    [...page.querySelectorAll(".nudge select, .nudge input")].map((node) => [node.id, node.value]),
  );
  const focus = document.activeElement?.id;
  return () => {
    for (const [id, value] of values) if ($(`#${id}`)) $(`#${id}`).value = value;
    if (focus) document.getElementById(focus)?.focus();
  };
}

function head(state, code, order) {
  const join = `${location.host}/game?code=${code}`;
  const alone = ["127.0.0.1", "localhost", "[::1]"].includes(location.hostname);
  return h(
    "section.card",
    {},
    h(
      "div.deskhead",
      {},
      h(
        "div",
        {},
        h(
          "div.quiet",
          {},
          "Join with this code at ",
          h("b", {}, join),
          alone ? " (this machine only: for a class, start with --host 0.0.0.0)" : "",
        ),
        h("div.code", { id: "game-code" }, code),
      ),
      h(
        "div",
        { style: "text-align:right" },
        h(
          "div",
          { id: "phase" },
          state.phase === "over"
            ? "Game over"
            : `Round ${Math.min(state.round + 1, state.rounds)} of ${state.rounds}, ${monthName(state.month)}`,
        ),
        ["lobby", "over"].includes(state.phase) ? null : clock(state),
      ),
    ),
    state.phase === "over" ? null : orders(state, order),
  );
}

/** What the teacher may do with the game as it stands. */
function orders(state, order) {
  const button = (id, text, shown, main) =>
    h(`button${main ? ".main" : ""}`, { id, disabled: !shown, onclick: () => order({ do: id }) }, text);
  return h(
    "div.row",
    { style: "margin-top:10px" },
    state.phase === "lobby" ? button("start", "Start", true, true) : null,
    state.phase === "open" ? button("pause", "Pause", true) : null,
    state.phase === "paused" ? button("resume", "Go on", true, true) : null,
    button("next", "Close the round now", state.phase === "open" || state.phase === "paused"),
    end(state, order),
    h(
      "label",
      {},
      h("input", {
        type: "checkbox",
        id: "show-board",
        checked: state.show_board,
        onchange: (e) => order({ do: "board", on: e.target.checked }),
      }),
      "Players see the board",
    ),
  );
}

/** Ends the game after a second click only: the first one asks. */
function end(state, order) {
  if (state.round === 0)
    return h("button", { id: "end", disabled: true }, "End the game");
  const ask = h("button", { id: "end" }, "End the game");
  ask.onclick = () =>
    ask.replaceWith(
      h(
        "span.row",
        { id: "end-asks" },
        `End it after ${state.round} of ${state.rounds} rounds?`,
        h("button", { id: "end-yes", onclick: () => order({ do: "end" }) }, "End it"),
        h("button", { id: "end-no", onclick: () => $("#end-asks").replaceWith(end(state, order)) }, "Go on"),
      ),
    );
  return ask;
}

function seats(state, order) {
  return h(
    "section.card",
    {},
    h("h2", {}, "Who plays"),
    h(
      "table.now",
      { id: "seats" },
      h(
        "tbody",
        {},
        state.seats.map((seat) =>
          h(
            "tr",
            {},
            h("td", {}, h("b", {}, seat.player ?? "computer"), h("div.quiet", {}, seat.firm_name)),
            h(
              "td",
              {},
              seat.player && state.phase === "open"
                ? h(`span.tag${seat.decided ? ".yes" : ""}`, {}, seat.decided ? "decided" : "thinking")
                : seat.late
                  ? h("span.tag", {}, `late ${seat.late}×`)
                  : "",
            ),
            h(
              "td",
              {},
              seat.player && state.phase !== "over"
                ? h(
                    "button.small",
                    {
                      id: `free-${seat.firm}`,
                      title: `Take ${seat.player} from this seat: somebody else, or the same player on another device, may sit down`,
                      onclick: () => order({ do: "free", firm: seat.firm }, `${seat.firm_name} is free again.`),
                    },
                    "Free",
                  )
                : "",
            ),
          ),
        ),
      ),
    ),
  );
}

function nudges(state, order) {
  const firms = h(
    "select",
    { id: "nudge-firm", "aria-label": "Firm" },
    state.seats.map((seat) => h("option", { value: seat.firm }, seat.firm_name)),
  );
  const rows = state.happenings.map((one) => {
    const size = h("input", {
      id: `size-${one.sort}`,
      type: "number",
      min: one.low,
      max: one.high,
      step: one.money ? "any" : 1,
      value: one.usual,
      "aria-label": `${one.label}, ${one.unit}`,
    });
    return h(
      "div.nudgerow",
      { title: one.meaning },
      h(
        "button",
        {
          id: `do-${one.sort}`,
          onclick: () =>
            order(
              {
                do: "happening",
                sort: one.sort,
                size: Number(size.value),
                ...(one.firm ? { firm: firms.value } : {}),
              },
              `${one.label} ordered for this ${words.period}. You can take it back until the ${words.period} is run.`,
            ),
        },
        one.label,
      ),
      size,
      h("span.quiet", {}, one.unit),
    );
  });
  return h(
    "section.card.nudge",
    {},
    h("h2", {}, "Events and nudges"),
    h(
      "p.quiet",
      {},
      `They come into force in the ${words.period} that is decided now. Players read of warnings, subsidies, limits and bans at once; the rest surprises them. A warning is words to them, a limit or a ban narrows their range.`,
    ),
    pending(state, order),
    h("div.row", { style: "margin-bottom:8px" }, h("span.quiet", {}, "Cut and crash hit"), firms),
    h("div", { style: "display:grid;gap:6px" }, rows),
    news(state),
  );
}

const pending = (state, order) =>
  h(
    "ul",
    { id: "pending", style: "margin:0 0 8px;padding-left:18px" },
    state.pending.map((one) =>
      h(
        "li",
        {},
        `${one.what} `,
        h(
          "button.small",
          { id: `undo-${one.number}`, onclick: () => order({ do: "undo", number: one.number }, "Taken back.") },
          "Take back",
        ),
      ),
    ),
  );

const news = (state) =>
  state.news.length
    ? h(
        "div",
        { style: "margin-top:10px" },
        h("h3", {}, "So far"),
        h(
          "ul",
          { style: "margin:4px 0 0;padding-left:18px" },
          state.news
            .slice(-6)
            .reverse()
            .map((n) => h("li.quiet", {}, `Round ${n.period + 1}: ${n.what}`)),
        ),
      )
    : null;

function files(code, fetchFile) {
  const get = (what, name) =>
    h(
      "button",
      {
        id: name.split(".")[0],
        onclick: async () => {
          try {
            save(await fetchFile(what), `${code}-${name}`);
          } catch (error) {
            tell(error.message);
          }
        },
      },
      name.endsWith("csv") ? "Results (CSV)" : "The game as a scenario",
    );
  return h(
    "section.card",
    {},
    h("h2", {}, "Take it with you"),
    h("div.row", {}, get("results.csv", "results.csv"), get("scenario.toml", "scenario.toml")),
    h(
      "p.quiet",
      { style: "margin-top:8px" },
      "The scenario file holds every decision: ",
      h("code", {}, "pricewar run"),
      " plays the game again.",
    ),
  );
}
