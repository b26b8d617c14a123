// The screen: paste a table, choose two firms, see what their merger does, take the code along.
import { $, ask, h, save, tell } from "/static/dom.js";

const EXAMPLE = `product,firm,price,share,margin,nest
Atlas,Alpha,12.8,0.060,0.22,sedan
Apex,Alpha,19.5,0.035,0.16,suv
Boreal,Beta,11.2,0.045,,sedan
Bison,Beta,17.9,0.040,,suv
Comet,Gamma,14.6,0.030,0.18,sedan
Canyon,Gamma,22.4,0.025,,suv
Dart,Delta,9.8,0.050,,sedan
Everest,Epsilon,24.9,0.020,0.11,suv
`;

export function show(page) {
  document.title = "pricewar: screen a merger";
  page.replaceChildren(
    h(
      "div.card.stack",
      {},
      h("h1", {}, "Screen a merger"),
      h(
        "p.quiet",
        {},
        "One row for each product: product, firm, price, share (of all who might buy) or quantity, and the margin where it is known. " +
          "Copy it out of a spreadsheet, with the line of names. The example is invented. Nothing that you paste is kept. Brackets in the answer hold 95% of 100 draws in which each known margin has a standard error of 0.02.",
      ),
      h("label", { for: "table" }, "Table"),
      h("textarea", { id: "table", rows: "11", spellcheck: "false", maxlength: "16000", value: EXAMPLE }),
      h(
        "div.row.asked",
        {},
        field("Firm", h("select", { id: "first" })),
        field("merges with", h("select", { id: "second" })),
        field("Buyers in the market", h("input", { id: "size", inputmode: "decimal", placeholder: "unknown" })),
        field("Decimal mark", choices("decimal", [["", "as the table tells"], [".", "point"], [",", "comma"]])),
        field("Can buyers stay away?", choices("outside", [["yes", "yes"], ["no", "no, all buy one of these"]])),
      ),
      h(
        "div.row",
        {},
        h("button.main", { id: "screen", onclick: () => screened() }, "Screen"),
        h("button", { id: "code", disabled: true }, "Download the code of this run"),
      ),
    ),
    h("div.stack", { id: "answer", "aria-live": "polite" }),
  );
  fill([]);
  return screened();
}

const field = (words, control) => h("label.field", {}, words, control);

const choices = (id, all) => h("select", { id }, all.map(([value, words]) => h("option", { value }, words)));

/** The firms of the table in both lists; what was chosen stays chosen if it is still there. */
function fill(firms) {
  for (const id of ["first", "second"]) {
    const list = $(`#${id}`);
    const chosen = list.value;
    list.replaceChildren(
      h("option", { value: "" }, "nobody"),
      ...firms.map((name) => h("option", { value: name }, name)),
    );
    list.value = firms.includes(chosen) ? chosen : "";
  }
}

function asked() {
  const size = $("#size").value.replace(/[\s,]/g, "");
  if (size && !(Number(size) > 0)) throw new Error(`Buyers in the market: ${size} is not a number above zero.`);
  const pair = [$("#first").value, $("#second").value];
  if (pair.some(Boolean) && (!pair.every(Boolean) || pair[0] === pair[1]))
    throw new Error("Choose two different firms that merge, or nobody twice.");
  return {
    table: $("#table").value,
    merge: pair.every(Boolean) ? pair : [],
    market_size: size ? Number(size) : null,
    decimal: $("#decimal").value || null,
    outside: $("#outside").value === "yes",
  };
}

async function screened() {
  const answer = $("#answer");
  const code = $("#code");
  code.disabled = true;
  $("#screen").disabled = true;
  try {
    const found = await ask("/api/screen", { body: asked() });
    fill(found.firms);
    const first = found.spread || "This is the market as it is. Choose two firms that merge.";
    const notes = found.notes.map((note) => h("li", {}, note));
    answer.replaceChildren(
      h("p.card", { id: "spread" }, first),
      ...(notes.length ? [h("ul.card.notes", {}, notes)] : []),
      ...found.pages.map(table),
    );
    code.disabled = false;
    code.onclick = () => {
      save(new Blob([found.code], { type: "text/x-python" }), "screen.py");
      tell("screen.py holds the table and the call: python screen.py");
    };
  } catch (error) {
    answer.replaceChildren(h("p.card.error.lines", { role: "alert" }, error.message));
  } finally {
    $("#screen").disabled = false;
  }
}

function table({ title, heads, rows, texts }) {
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
