// A player's desk: own books, rivals' prices, news, and the form with the two numbers to decide.
import { boardTable } from "/static/board.js";
import { chart, extent } from "/static/charts.js";
import { debrief } from "/static/debrief.js";
import { decideForm, ofWhat, refresh } from "/static/decide.js";
import { quizCard } from "/static/quiz.js";
import { $, capital, h, num, tell, words } from "/static/dom.js";

let form = null; // stays in its place for as long as its round

export async function draw(page, { state, call, seat }) {
  if (form?.isConnected && form.dataset.round === ofWhat(state)) {
    if (state.phase !== "over") refresh(form, state);
    if (state.phase !== "lobby") $("#quiz")?.remove();
    $("#news").replaceWith(news(state));
    if (state.chat) hear(state);
    $("#figures").replaceWith(figures(state));
  } else {
    form = decideForm(state, call, seat.pin);
    const talk = $("#chat")?.isConnected ? $("#chat") : state.chat ? chatBox(call) : null;
    page.replaceChildren(h("div.play", {}, h("div.stack", {}, state.quiz ? quizCard(state.quiz, call) : null, form, news(state), talk), figures(state)));
    if (state.chat) hear(state);
  }
  if (state.phase === "over" && state.round > 0)
    $("#debrief").replaceChildren(debrief(await call("debrief"), $("#debrief").clientWidth, state.firm));
}

/** The chat of one's market; it stays where it is while a message is typed. */
function chatBox(call) {
  const text = h("input", { id: "chat-text", maxlength: 200, autocomplete: "off", "aria-label": "Message to your market" });
  const send = async (event) => {
    event.preventDefault();
    if (!text.value.trim()) return;
    try {
      await call("say", { text: text.value });
      text.value = "";
    } catch (error) {
      tell(error.message);
    }
  };
  return h(
    "form.card",
    { id: "chat", onsubmit: send },
    h("h2", {}, "Chat with your market"),
    h("ul", { id: "said", "aria-live": "polite" }),
    h("div.row", {}, text, h("button.small", { id: "send", type: "submit" }, "Send")),
    h("p.quiet", {}, "The teacher reads along, and may keep the log."),
  );
}

function hear(state) {
  $("#said").replaceChildren(
    ...state.chat.slice(-30).map((one) => h("li", {}, h("b", {}, `${one.name}: `), one.text)),
  );
  $("#chat-text").disabled = $("#send").disabled = state.phase === "over";
}

const figures = (state) =>
  h(
    "div.stack",
    { id: "figures" },
    state.phase === "over" && state.round ? h("div", { id: "debrief" }) : null,
    books(state),
    state.board && state.round
      ? h("section.card", {}, h("h2", {}, "The board"), boardTable(state.board))
      : null,
    charts(state),
  );

function books(state) {
  const own = state.own,
    last = (values) => values.at(-1);
  const box = (name, value, unit) =>
    h("div", {}, h("span", {}, name), h("b", {}, value), h("span", {}, unit));
  return h(
    "section.card",
    {},
    h("h2", {}, `Your books, last ${words.period}`),
    h(
      "div.figures",
      { style: "margin:0" },
      box(`${capital(words.units)} sold`, num(last(own.units), 0), words.units),
      box("Share", num(own.share.length ? 100 * last(own.share) : null, 1), `% of ${words.units}`),
      box("Profit", num(own.profit.length ? last(own.profit) / words.size : null, 2), words.total),
      box("Profit so far", num(own.profit.reduce((a, b) => a + b, 0) / words.size, 2), words.total),
      own.cash_now === null ? null : box("Cash", num(own.cash_now / words.size, 2), words.total),
      box("Fixed cost", num(own.fixed_cost / words.size, 2), `${words.total} a ${words.period}`),
      own.cash_now === null
        ? null
        : box(
            "Cash lasts",
            own.runway === null ? "–" : own.runway >= 36 ? "36+" : num(own.runway, 0),
            `${words.period}s at this loss`,
          ),
    ),
  );
}

const news = (state) =>
  h(
    "section.card",
    { id: "news" },
    h("h2", {}, "News"),
    state.news.length
      ? h(
          "ul",
          { style: "margin:0;padding-left:18px" },
          state.news
            .slice(-8)
            .reverse()
            .map((n) => h("li", {}, `Round ${n.period + 1}: ${n.what}`)),
        )
      : h("p.quiet", { style: "margin:0" }, "Nothing yet."),
  );

function charts(state) {
  if (!state.round) return h("p.quiet", {}, "Charts appear after the first round.");
  const wide =
    window.innerWidth > 760 ? (Math.min(window.innerWidth, 1900) - 450) / 2 - 20 : window.innerWidth - 44;
  const own = state.own.list_price.map(
    (p, t) => 100 * ((p - state.own.promotion[t]) / state.start_price - 1),
  );
  const prices = [
    ...state.rivals
      .filter((r) => r.price.length)
      .map((r, i) => ({
        name: r.name,
        colour: state.rivals.length <= 5 ? ["#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"][i] : null,
        values: r.price.map((v) => (v === null ? null : 100 * v)),
      })),
    { name: "You", colour: "#0072B2", values: own },
  ];
  const profit = [{ name: "You", colour: "#0072B2", values: state.own.profit.map((v) => v / words.size) }];
  const draw = (spec, series) =>
    chart(spec, series, {
      months: state.months,
      until: state.months.length,
      domain: extent([series], spec.zero),
      width: wide,
      height: 230,
    });
  return h(
    "div.charts.two",
    {},
    draw({ key: "price", title: state.rivals.length ? "Prices against the start" : "Your price against the start", unit: "%", zero: 0 }, prices),
    draw({ key: "profit", title: "Your operating profit", unit: `${words.total} a ${words.period}`, zero: 0 }, profit),
  );
}
