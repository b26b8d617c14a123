// A policy study without a file of one's own: fill in the form, see the file, run a few futures, take it along.
import { $, ask, h, save, tell } from "/static/dom.js";

let form;
let count = 0;

export async function show(page) {
  document.title = "pricewar: weigh measures";
  form = await ask("/api/policy/form");
  const wars = form.scenarios.filter((one) => one.cut);
  const { limits } = form;
  page.replaceChildren(
    h(
      "form.card.stack",
      {
        id: "policy",
        onsubmit: (event) => {
          event.preventDefault();
          made("run");
        },
      },
      h("h1", {}, "Weigh measures against a price war"),
      h(
        "p.quiet",
        {},
        "Choose a war, what nobody knows about it, and measures. Every future is a draw of what is not known; in each of them peace, the war, and the war under every measure are run with the same luck. " +
          `At most ${limits.futures} futures are run here, so no interval is told. The file takes as many as you like.`,
      ),
      field("What is asked", h("input", { id: "question", maxlength: "300", value: "Which measure ends the war, and who pays for it?" })),
      h(
        "div.row.asked",
        {},
        field("The war", options("war", wars, "byd-one-third")),
        field("The same market in peace", options("peace", form.scenarios, "baseline")),
        field("Months", number("months", 24, 2, limits.months)),
        field("Futures", number("futures", 6, 2, limits.futures)),
      ),
      h(
        "fieldset.stack",
        { id: "unknown" },
        h("legend", {}, "What is not known"),
        form.unknown.map(range),
      ),
      h("fieldset.stack", { id: "measures" }, h("legend", {}, "Measures")),
      h(
        "div.row",
        {},
        field("One more measure", kinds()),
        h("button", { type: "button", id: "add", onclick: () => add($("#kind").value) }, "Add it"),
      ),
      h(
        "div.row",
        {},
        h("button.main", { id: "run" }, "Run a small study"),
        h("button", { type: "button", id: "file", onclick: () => made("file") }, "Show the file"),
      ),
    ),
    h("div.stack", { id: "answer", "aria-live": "polite" }),
  );
  count = 0;
  add("MaximumMonthlyCut", { cut: 0.02 });
}

const field = (words, control) => h("label.field", {}, words, control);

const number = (id, value, min, max) =>
  h("input", { id, type: "number", value, min, max, step: "1", required: "" });

const options = (id, all, chosen) =>
  h(
    "select",
    { id },
    all.map((one) =>
      h("option", { value: one.name, ...(one.name === chosen ? { selected: "" } : {}) }, one.title || one.name),
    ),
  );

const kinds = () =>
  h("select", { id: "kind" }, form.measures.map((one) => h("option", { value: one.kind }, spoken(one.kind))));

/** MaximumMonthlyCut as "Maximum monthly cut". */
const spoken = (kind) => kind.replace(/(?<!^)([A-Z])/g, (letter) => ` ${letter.toLowerCase()}`);

/** A range with a box that says whether it is drawn at all. */
function range({ name, label, low, high }) {
  return h(
    "div.row.asked",
    { "data-unknown": name },
    h("label", {}, h("input", { type: "checkbox", checked: name !== "elasticity" }), ` ${label}`),
    field("from", h("input", { type: "number", step: "any", value: low, "data-end": "low" })),
    field("to", h("input", { type: "number", step: "any", value: high, "data-end": "high" })),
  );
}

/** A card for a measure; `given` are values that differ from what is usual. */
function add(kind, given = {}) {
  const cards = document.querySelectorAll("[data-measure]");
  if (cards.length >= form.limits.measures) {
    tell(`At most ${form.limits.measures} measures here; the file takes more.`);
    return;
  }
  count += 1;
  const { does, fields } = form.measures.find((one) => one.kind === kind);
  const name = `${spoken(kind).toLowerCase().replaceAll(" ", "-")}-${count}`;
  const start = $("#war") ? form.scenarios.find((one) => one.name === $("#war").value)?.start : "";
  const card = h(
    "section.card.stack",
    { "data-measure": kind, "aria-label": spoken(kind) },
    h("h2", {}, spoken(kind)),
    h("p.quiet", {}, does),
    h(
      "div.row.asked",
      {},
      field("Name", h("input", { "data-name": "", value: name, pattern: "[a-z0-9][a-z0-9\\-]*", required: "" })),
      field("In force from (empty: always)", h("input", { "data-start": "", value: next(start), placeholder: "2025-06" })),
      fields.map((one) => field(`${one.name.replaceAll("_", " ")}${one.required ? " (needed)" : ""}`, control(one, given[one.name]))),
    ),
    h("button", { type: "button", onclick: () => card.remove() }, "Take it away"),
  );
  $("#measures").append(card);
}

/** The month after a month: a measure seldom comes at once. */
function next(month) {
  if (!/^\d{4}-\d{2}$/.test(month ?? "")) return "";
  const [year, part] = month.split("-").map(Number);
  return part === 12 ? `${year + 1}-01` : `${year}-${String(part + 1).padStart(2, "0")}`;
}

function control(one, given) {
  const value = given ?? one.default ?? "";
  const usual = one.default ?? "";
  const common = { "data-field": one.name, "data-type": one.type, "data-usual": usual, title: one.meaning };
  if (one.type === "choice" || one.type === "boolean") {
    const choices = one.choices ?? ["true", "false"];
    return h(
      "select",
      common,
      choices.map((choice) => h("option", { value: choice, ...(String(value) === choice ? { selected: "" } : {}) }, choice)),
    );
  }
  if (one.type === "text" || one.type === "array" || one.type === "string")
    return h("input", { ...common, value, placeholder: "all, or: byd, geely" });
  return h("input", { ...common, type: "number", step: one.type === "integer" ? "1" : "any", min: one.low, max: one.high, value });
}

function asked() {
  const unknown = {};
  for (const row of document.querySelectorAll("[data-unknown]")) {
    if (!$("input[type=checkbox]", row).checked) continue;
    const [low, high] = ["low", "high"].map((end) => Number($(`[data-end=${end}]`, row).value));
    unknown[row.dataset.unknown] = { low, high };
  }
  if (Object.keys(unknown).length === 0) throw new Error("Choose at least one thing that is not known.");
  const measures = [...document.querySelectorAll("[data-measure]")].map((card) => ({
    name: $("[data-name]", card).value.trim(),
    kind: card.dataset.measure,
    start: $("[data-start]", card).value.trim(),
    values: valuesOf(card),
  }));
  if (measures.length === 0) throw new Error("Add a measure.");
  return {
    question: $("#question").value,
    war: $("#war").value,
    peace: $("#peace").value,
    months: Number($("#months").value),
    futures: Number($("#futures").value),
    unknown,
    measures,
  };
}

/** What differs from what is usual; an empty box leaves the parameter as it is. */
function valuesOf(card) {
  const found = {};
  for (const node of card.querySelectorAll("[data-field]")) {
    const text = node.value.trim();
    if (text === "" || text === node.dataset.usual) continue;
    const { field: name, type } = node.dataset;
    if (type === "number" || type === "integer") found[name] = Number(text);
    else if (type === "boolean") found[name] = text === "true";
    else found[name] = text;
  }
  return found;
}

async function made(what) {
  const answer = $("#answer");
  const buttons = [$("#run"), $("#file")];
  for (const one of buttons) one.disabled = true;
  if (what === "run") answer.replaceChildren(h("p.card", { role: "status" }, "Running; this takes up to a minute …"));
  try {
    const found = await ask(`/api/policy/${what}`, { body: asked() });
    answer.replaceChildren(
      ...(found.findings ? [h("ul.card.notes", { id: "findings" }, found.findings.map((line) => h("li", {}, line)))] : []),
      ...(found.rows
        ? [table("What each option does, against no measure: mean over the futures [5 to 95% of them]", found.heads, found.rows, 1)]
        : []),
      file(found),
      table(
        `What this rests on; signed ${found.signature}`,
        ["what", "value", "basis"],
        found.assumptions.map((row) => [row.what, row.value, row.basis]),
        3,
      ),
    );
  } catch (error) {
    answer.replaceChildren(h("p.card.error.lines", { role: "alert" }, error.message));
  } finally {
    for (const one of buttons) one.disabled = false;
  }
}

function file(found) {
  return h(
    "section.card.stack",
    {},
    h("h2", {}, "The file"),
    h("p.quiet", {}, `${found.runs} runs, digest ${found.digest}. pricewar policy my-policy.toml --draws 200 runs it with more futures.`),
    h("div.wide", { tabindex: "0", role: "region", "aria-label": "The file" }, h("pre", { id: "toml" }, found.toml)),
    h(
      "button",
      {
        id: "download",
        onclick: () => {
          save(new Blob([found.toml], { type: "application/toml" }), "my-policy.toml");
          tell("my-policy.toml is the study that you see here.");
        },
      },
      "Download the file",
    ),
  );
}

function table(title, heads, rows, texts) {
  const sort = (place) => (place < texts ? "" : ".figure");
  return h(
    "section.card",
    {},
    h("h2", {}, title),
    h(
      "div.wide",
      { tabindex: "0", role: "region", "aria-label": title },
      h(
        "table",
        {},
        h("thead", {}, h("tr", {}, heads.map((head, place) => h(`th${sort(place)}`, { scope: "col" }, head)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell, place) => h(`td${sort(place)}`, {}, cell))))),
      ),
    ),
  );
}
