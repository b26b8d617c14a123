// The form that opens a game: one market, or a class in several with treatments that differ.
import { ask, h } from "/static/dom.js";

const MARKETS = {
  textbook: "Equal firms, one car each",
  china: "China, April 2025: BYD and the next biggest",
  table: "A table of products of your own",
};
const COMPUTER = {
  match: "match most of a cut",
  "tit-for-tat": "tit-for-tat",
  "best-response": "take the best response",
  hold: "hold their prices",
  campaign: "answer lost sales by a campaign",
  "q-learner": "have learned to play (Q-learning; up to 4 firms)",
};
const DEFAULT = {
  last: "keeps their last price",
  match: "matches rivals",
  hold: "goes back to the start price",
};
const SEES = {
  prices: "rivals' prices",
  profits: "rivals' prices and everybody's profit",
  nothing: "only their own books",
};
const ASSIGN = { random: "by chance, evenly", choice: "by their own choice" };
const PACE = { together: "all markets together", own: "each market when it is ready" };
const NUMBERS = [
  ["cost", "Unit cost", 100000, 1],
  ["cost_gap", "Costs differ by up to, %", 0, 0],
  ["spread", "How unlike the products are", 25000, 1],
  ["worth", "Worth to a buyer", 200000, 1],
  ["shoppers", "Buyers a month", 100000, 100],
];
const TABLE = "firm,product,price,quantity,cost\nAcorn,one,20,400,12\nBeech,two,22,300,13\nCedar,three,19,350,12";

/** An input below its label; `wide`: over the whole width where fields stand in pairs. */
export function field(label, input, wide = false) {
  return h(wide ? "label.wide" : "label", {}, h("span.quiet", {}, label), input);
}

const choice = (id, of, chosen) =>
  h(
    "select",
    { id },
    Object.entries(of).map(([value, text]) =>
      h("option", { value, ...(value === chosen ? { selected: "" } : {}) }, text),
    ),
  );
const count = (id, value, min, max, step = 1) => h("input", { id, type: "number", value, min, max, step });
const tick = (id) => h("input", { id, type: "checkbox" });

/** Markets of the user's own, as files given to the server, stand first and are chosen; those that ship stand last. */
async function offerMarkets(select) {
  const { own, scenarios } = await ask("/api/catalogue");
  const option = ({ name, title }) => h("option", { value: name }, title || name);
  const mine = scenarios.filter((one) => own.includes(one.name));
  select.prepend(...mine.map(option));
  select.append(
    h("optgroup", { label: "Scenarios" }, scenarios.filter((one) => !own.includes(one.name)).map(option)),
  );
  if (own.length) select.value = own[0];
}

/** The form; `entered({code, token})` is called once the game is open. */
export function openBox(entered) {
  const parts = {
    market: choice("market", MARKETS),
    firms: count("firms", 4, 2, 12),
    rounds: count("rounds", 12, 3, 36),
    seconds: count("seconds", 90, 5, 900),
    stop: count("stop", 0, 0, 50),
    computer: choice("computer", COMPUTER),
    default: choice("default", DEFAULT),
    sees: choice("sees", SEES),
    chat: tick("chat"),
    shared: tick("shared"),
    quiz: tick("quiz"),
  };
  const numbers = Object.fromEntries(
    NUMBERS.map(([key, , value, least]) => [key, count(`number-${key}`, value, least, undefined, "any")]),
  );
  const table = h("textarea", { id: "table", rows: 5, "aria-label": "Table of products" });
  table.value = TABLE;
  const ownNumbers = h(
    "details",
    { id: "numbers" },
    h("summary", {}, "Numbers of this market"),
    h("div.pairs", {}, NUMBERS.map(([key, label]) => field(label, numbers[key]))),
  );
  const ownTable = field("Firm, product, price, quantity; cost where it is known", table);
  const fits = () => {
    ownNumbers.hidden = parts.market.value !== "textbook";
    ownTable.hidden = parts.market.value !== "table";
  };
  parts.market.onchange = fits;
  offerMarkets(parts.market).then(fits);
  fits();
  const groups = groupList();
  const wrong = h("p.error", { role: "alert", id: "open-error" });
  const open = async (event) => {
    event.preventDefault();
    try {
      entered(await ask("/api/game", { body: asked(parts, numbers, table, groups) }));
    } catch (error) {
      wrong.textContent = error.message;
    }
  };
  return h(
    "form.card",
    { onsubmit: open },
    h("h1", {}, "Open a game"),
    field("Market", parts.market),
    ownTable,
    h(
      "div.row",
      {},
      field("Firms to play", parts.firms),
      field("Rounds", parts.rounds),
      field("Seconds a round", parts.seconds),
    ),
    ownNumbers,
    field("Players see", parts.sees),
    field("Computer firms, where they have no rule of their own", parts.computer),
    field("A player who is too late", parts.default),
    field("Chance that the game ends after a round, % (from round 3; 0: the last round is known)", parts.stop),
    h("label.tick", {}, parts.chat, "Players of a market may write to each other"),
    h("label.tick", {}, parts.quiz, "Players answer five questions on the rules while they wait"),
    h("label.tick", {}, parts.shared, "Several players may share a browser"),
    groups.node,
    wrong,
    h("button.main", { id: "open", type: "submit" }, "Open"),
  );
}

const seesOf = (value) => ({ rivals: value !== "nothing", board: value === "profits" });

function asked(parts, numbers, table, groups) {
  const body = {
    market: parts.market.value,
    computer: parts.computer.value,
    default: parts.default.value,
    shared: parts.shared.checked,
    quiz: parts.quiz.checked,
    chat: parts.chat.checked,
    stop: Number(parts.stop.value) / 100,
    ...seesOf(parts.sees.value),
    ...groups.asked(),
  };
  for (const key of ["firms", "rounds", "seconds"]) body[key] = Number(parts[key].value);
  if (body.market === "table") body.table = table.value;
  if (body.market === "textbook") {
    body.textbook = Object.fromEntries(NUMBERS.map(([key]) => [key, Number(numbers[key].value)]));
    body.textbook.cost_gap /= 100;
  }
  return body;
}

/** Treatments: none, or rows of so many markets with what differs in them. */
function groupList() {
  const rows = h("div", { id: "groups" });
  const assign = choice("assign", ASSIGN);
  const pace = choice("pace", PACE);
  const roster = h("textarea", { id: "roster", rows: 4, placeholder: "Ann\nBo, B\nCy, B", "aria-label": "List of the class" });
  const made = [];
  const add = () => {
    const row = groupRow(made.length, () => {
      made.splice(made.indexOf(row), 1);
      row.node.remove();
    });
    made.push(row);
    rows.append(row.node);
  };
  const node = h(
    "details",
    { id: "class" },
    h("summary", {}, "A class in several markets"),
    h(
      "p.quiet",
      {},
      "One code for the whole class. Each treatment has so many markets of so many firms; what is left as it is follows the rules above. Computer firms fill seats that stay free.",
    ),
    rows,
    h("button", { id: "add-group", type: "button", onclick: add }, "Add a treatment"),
    h("div.row", {}, field("Players sit", assign), field("Rounds close", pace)),
    h(
      "details",
      {},
      h("summary", {}, "A list of the class"),
      field("A name on each line, with the letter of its market or without; only these may join", roster),
    ),
  );
  const names = () =>
    roster.value
      .split("\n")
      .map((line) => line.split(/[,;\t]/).map((part) => part.trim()))
      .filter(([name]) => name)
      .map(([name, market]) => ({ name, ...(market ? { market: market.toUpperCase() } : {}) }));
  return {
    node,
    asked: () => ({
      groups: made.map((row) => row.asked()),
      roster: names(),
      assign: assign.value,
      pace: pace.value,
    }),
  };
}

function groupRow(number, drop) {
  const id = (what) => `group-${number}-${what}`;
  const as = { "": "as above" };
  const parts = {
    name: h("input", { id: id("name"), maxlength: 40, value: `Treatment ${number + 1}` }),
    markets: count(id("markets"), 2, 1, 20),
    firms: count(id("firms"), "", 2, 12),
    sees: choice(id("sees"), { ...as, ...SEES }),
    computer: choice(id("computer"), { ...as, ...COMPUTER }),
    stop: count(id("stop"), "", 0, 50),
    gap: count(id("gap"), "", 0, 50),
    chat: choice(id("chat"), { ...as, yes: "chat", no: "no chat" }),
    warned: count(id("warned"), "", 1, 36),
  };
  const node = h(
    "fieldset.group",
    {},
    h("legend", {}, `Treatment ${number + 1}`),
    h(
      "div.pairs",
      {},
      field("Name", parts.name),
      field("Markets", parts.markets),
      field("Firms in each", parts.firms),
      field("Players see", parts.sees, true),
      field("Computer firms", parts.computer, true),
      field("Random end, %", parts.stop),
      field("Costs differ, %", parts.gap),
      field("Chat", parts.chat),
      field("Warning in round", parts.warned),
    ),
    h("button.small", { type: "button", onclick: drop }, "Remove"),
  );
  const asked = () => {
    const body = { name: parts.name.value, markets: Number(parts.markets.value) };
    if (parts.firms.value) body.firms = Number(parts.firms.value);
    if (parts.sees.value) Object.assign(body, seesOf(parts.sees.value));
    if (parts.computer.value) body.computer = parts.computer.value;
    if (parts.stop.value) body.stop = Number(parts.stop.value) / 100;
    if (parts.gap.value) body.cost_gap = Number(parts.gap.value) / 100;
    if (parts.chat.value) body.chat = parts.chat.value === "yes";
    if (parts.warned.value) body.planned = [{ round: Number(parts.warned.value), sort: "warning", size: 60 }];
    return body;
  };
  return { node, asked };
}
