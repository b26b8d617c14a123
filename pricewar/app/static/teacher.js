// The teacher's desk: who is in, time, events and nudges, the board for the wall, and the debrief.
import { replay, wall } from "/static/board.js";
import { debrief } from "/static/debrief.js";
import { chosen, files, marketChoice, marketTable, pending, seats } from "/static/desk.js";
import { $, h, monthName, tell, words } from "/static/dom.js";
import { clock } from "/static/game.js";
import { joint } from "/static/joint.js";

export async function draw(page, { state, code, call, fetchFile, seat }) {
  const order = (body, done) =>
    call("order", body)
      .then(() => done && tell(done))
      .catch((error) => tell(error.message));
  const kept = keepChoices(page);
  const asked = Boolean($("#end-asks"));
  const again = () => draw(page, { state, code, call, fetchFile, seat });
  const market = chosen(state);
  page.replaceChildren(
    h(
      "div.stack",
      {},
      head(state, code, order, seat),
      h(
        "div.play",
        {},
        h(
          "div.stack",
          {},
          seats(state, order),
          state.phase === "over" ? files(state, code, fetchFile) : nudges(state, market, order),
        ),
        h(
          "div.stack",
          {},
          state.several && state.phase === "over" ? h("div", { id: "all" }) : null,
          state.several ? marketTable(state) : null,
          state.several ? marketChoice(state, again) : null,
          market.phase === "over" && market.round > 0 ? h("div", { id: "debrief" }) : null,
          said(market),
          ...(market.phase === "over" && market.round ? replay(market) : wall(market)),
        ),
      ),
    ),
  );
  kept();
  if (asked) $("#end")?.onclick?.();
  if ($("#all")) $("#all").replaceChildren(joint(await call("joint"), $("#all").clientWidth, { players: true }));
  if ($("#debrief")) {
    const facts = await call(state.several ? `debrief?market=${market.key}` : "debrief");
    $("#debrief").replaceChildren(debrief(facts, $("#debrief").clientWidth));
  }
}

/** The log of a market's chat. */
const said = (market) =>
  market.chat?.length
    ? h(
        "details.card",
        { id: "chat-log" },
        h("summary", {}, `Chat: ${market.chat.length} messages`),
        h("ul", {}, market.chat.map((one) => h("li", {}, `Round ${one.round + 1}, ${one.name}: ${one.text}`))),
      )
    : null;

/** A redraw must not undo what the teacher is choosing. */
function keepChoices(page) {
  const values = new Map(
    [...page.querySelectorAll(".nudge select, .nudge input, #replay")].map((node) => [node.id, node.value]),
  );
  const focus = document.activeElement?.id;
  return () => {
    for (const [id, value] of values) if ($(`#${id}`)) $(`#${id}`).value = value;
    $("#replay")?.oninput();
    if (focus) document.getElementById(focus)?.focus();
  };
}

function head(state, code, order, seat) {
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
        h("h1.code", { id: "game-code" }, code),
        h(
          "div.row",
          {},
          h("a.button.small", { id: "to-wall", href: `/game/${code}/wall`, target: "_blank" }, "The wall"),
          h("button.small", { id: "copy-desk", onclick: (event) => copyDesk(event.target, code, seat) }, "Copy the link to this desk"),
        ),
      ),
      h(
        "div",
        { style: "text-align:right" },
        h(
          "div",
          { id: "phase" },
          state.phase === "over"
            ? "Game over"
            : `${state.practice ? "Practice: round" : "Round"} ${Math.min(state.round + 1, state.rounds)} of ${state.stop ? "at most " : ""}${state.rounds}, ${monthName(state.month)}`,
        ),
        state.phase === "over" ? null : h("div.quiet", { id: "count" }, `${state.decided} of ${state.deciders} decided`),
        ["lobby", "over"].includes(state.phase) ? null : clock(state),
      ),
    ),
    orders(state, order),
  );
}

/** The secret goes behind a #, which no browser sends to a server. */
async function copyDesk(button, code, seat) {
  const link = `${location.origin}/game/${code}/desk#key=${encodeURIComponent(seat.token)}`;
  try {
    await navigator.clipboard.writeText(link);
    tell("The link to this desk is in the clipboard. Who has it is the teacher.");
  } catch {
    const field = h("input", { id: "desk-link", value: link, readonly: "", "aria-label": "Link to this desk" });
    button.replaceWith(field);
    field.select();
    tell("Copy the link to this desk. Who has it is the teacher.");
  }
}

/** What the teacher may do with the game as it stands. */
function orders(state, order) {
  const button = (id, text, shown, main) =>
    h(`button${main ? ".main" : ""}`, { id, disabled: !shown, onclick: () => order({ do: id }) }, text);
  const back = state.round > 0 ? button("back", "Take the last round back", true) : null;
  if (state.phase === "over")
    return h("div.row", { style: "margin-top:10px" }, state.practice ? button("start", "Start for real", true, true) : null, back);
  return h(
    "div.row",
    { style: "margin-top:10px" },
    state.phase === "lobby" ? button("start", "Start", true, true) : null,
    state.phase === "lobby" ? button("practice", "Practice first", true) : null,
    state.practice ? button("start", "Start for real", true, true) : null,
    state.phase === "open" ? button("pause", "Pause", true) : null,
    state.phase === "paused" ? button("resume", "Go on", true, true) : null,
    button("next", "Close the round now", state.phase === "open" || state.phase === "paused"),
    back,
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
      state.several ? "Players and the wall see the boards" : "Players and the wall see the board",
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

function nudges(state, market, order) {
  const target = h(
    "select",
    { id: "nudge-market", "aria-label": "Markets" },
    h("option", { value: "" }, "all markets"),
    state.markets.map((one) => h("option", { value: one.key }, `market ${one.key}`)),
  );
  const firms = h(
    "select",
    { id: "nudge-firm", "aria-label": "Firm" },
    market.seats.map((seat) => h("option", { value: seat.firm }, seat.firm_name)),
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
                ...(state.several && target.value ? { market: target.value } : {}),
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
    state.several ? h("div.row", { style: "margin-bottom:8px" }, h("span.quiet", {}, "In"), target) : null,
    h("div.row", { style: "margin-bottom:8px" }, h("span.quiet", {}, "Cut and crash hit"), firms),
    h("div", { style: "display:grid;gap:6px" }, rows),
    news(market),
  );
}

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
