// Lessons: question, prediction, experiment, explanation, theory, discussion, the case.
import { chart, extent, markLegend } from "/static/charts.js";
import { $, ask, h, num, tell } from "/static/dom.js";
import { answerBox, askBox } from "/static/predict.js";

export async function show(page, [slug]) {
  return slug ? lesson(page, slug) : list(page);
}

async function list(page) {
  const all = await ask("/api/lessons");
  document.title = "pricewar: lessons";
  page.replaceChildren(
    h("h1", {}, "Six lessons on price wars"),
    h("p.quiet", {}, "Each takes 15 to 20 minutes: predict first, then run the experiment."),
    h(
      "div.lessonlist",
      {},
      all.map((one, i) =>
        h(
          "a.card",
          { href: `/lessons/${one.slug}` },
          h("div.row.title", {}, h("span.number", {}, String(i + 1)), h("h2", {}, one.title)),
          h("p", { style: "margin:8px 0 0" }, one.question),
        ),
      ),
    ),
  );
}

async function lesson(page, slug) {
  const [text, offers] = await Promise.all([
    ask(`/api/lessons/${encodeURIComponent(slug)}`),
    ask("/api/catalogue"),
  ]);
  document.title = `pricewar: ${text.title}`;
  const after = h("div.stack", { id: "after" });
  page.replaceChildren(
    h(
      "article.lesson",
      {},
      h(
        "div",
        {},
        h("div.row.title", {}, h("span.number", {}, String(text.number)), h("h1", {}, text.title)),
        h("p.question", {}, text.question),
        h("p", {}, text.setting),
      ),
      prediction(text, () => experiment(text, offers, after)),
      after,
    ),
  );
}

function prediction(text, go) {
  const begin = (button) => {
    button.disabled = true;
    go().catch((error) => {
      button.disabled = false;
      tell(error.message);
    });
  };
  const code = new URLSearchParams(location.search).get("class");
  const start = h("button.main", { id: "experiment", disabled: true, onclick: () => begin(start) }, "Run the experiment");
  const options = text.options.map((option, i) =>
    h(
      "label.option",
      { "data-option": i },
      h("input", { type: "radio", name: "prediction", value: i, onchange: () => (start.disabled = false) }),
      h("span", {}, option),
    ),
  );
  const why = h("textarea", {
    id: "why",
    rows: 2,
    style: "width:100%;font:inherit;padding:8px;border:1px solid #b9c4ce;border-radius:8px",
    placeholder: "Why? A line for yourself; it stays in this browser.",
    maxlength: 600,
  });
  why.value = localStorage.getItem(`why-${text.slug}`) ?? "";
  why.oninput = () => localStorage.setItem(`why-${text.slug}`, why.value);
  return h(
    "section.card",
    { id: "prediction" },
    h("h2", {}, "Your prediction"),
    h("p", {}, text.prompt),
    options,
    why,
    code
      ? answerBox(code, () => $("#prediction"), begin)
      : [h("div.row", { style: "margin-top:8px" }, start), askBox(text.slug, () => $("#prediction"), begin)],
  );
}

async function experiment(text, offers, after) {
  const found = await ask(`/api/lessons/${text.slug}/run`);
  const chosen = Number($("input[name=prediction]:checked").value);
  for (const option of document.querySelectorAll(".option")) {
    $("input", option).disabled = true;
    if (Number(option.dataset.option) === found.right) option.classList.add("true");
    else if (Number(option.dataset.option) === chosen) option.classList.add("false");
  }
  const result = h("div", { id: "result" }, board(text, offers, found));
  after.replaceChildren(
    h(
      "section.card",
      {},
      h("h2", {}, chosen === found.right ? "As you predicted" : "Not as you predicted"),
      result,
      text.slider ? vary(text, offers, result) : null,
    ),
    h("section.card", {}, h("h2", {}, "What happened"), paragraphs(found.explanation)),
    h(
      "section.card.theory",
      {},
      h("h2", {}, `Theory: ${text.theory.title}`),
      h("p", {}, text.theory.text),
      h("p.quiet", { style: "margin:0" }, text.theory.source),
    ),
    h(
      "section.card",
      {},
      h("h2", {}, "For discussion"),
      h(
        "ol",
        {},
        text.discussion.map((q) => h("li", {}, q)),
      ),
    ),
    h(
      "section.card.cases",
      {},
      h("h2", {}, "The real case: May 2025"),
      h("p", { style: "margin:0" }, text.case),
    ),
    h(
      "div.row",
      {},
      text.next
        ? h("a.button", { href: `/lessons/${text.next}` }, "Next lesson")
        : h("a.button", { href: "/game" }, "Now play it"),
      h("a.button", { href: "/lessons" }, "All lessons"),
    ),
  );
  redraw(text, offers, result, found);
}

const paragraphs = (words) =>
  words
    .trim()
    .split(/\n\s*\n/)
    .map((p) => h("p", {}, p));

function redraw(text, offers, result, found) {
  result.replaceChildren(board(text, offers, found));
}

function board(text, offers, found) {
  const specs = text.charts.map((key) => offers.charts.find((c) => c.key === key));
  const wide = $("#after").clientWidth - 30 || 900;
  const runs = found.runs.filter((run) => run.shown);
  const columns = wide > 620 ? runs.length : 1;
  const width = (wide - 10 * (columns - 1)) / columns - 22;
  const cells = specs.flatMap((spec) => {
    const groups = runs.map((run) => seriesOf(run, spec));
    return runs.map((run, i) =>
      chart(spec, groups[i], {
        months: run.months,
        until: run.months.length,
        ribbon: run.ribbon,
        domain: extent(groups, spec.zero),
        width,
        label: run.label,
        height: 200,
      }),
    );
  });
  return h(
    "div",
    {},
    h("div.charts", { style: `grid-template-columns:repeat(${columns},minmax(0,1fr))` }, cells),
    markLegend(runs.flatMap((run) => run.ribbon)),
    h(
      "div.scroll",
      { style: "margin-top:10px" },
      h(
        "table.now",
        { id: "facts" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", {}, ""),
            found.runs.map((run) => h("th", {}, run.label)),
          ),
        ),
        h(
          "tbody",
          {},
          found.table.map((row) =>
            h(
              "tr",
              {},
              h("td", {}, row.words, row.unit ? h("span.quiet", {}, `, ${row.unit}`) : null),
              row.values.map((v) => h("td", {}, typeof v === "number" ? num(v, 1) : v)),
            ),
          ),
        ),
      ),
    ),
  );
}

function seriesOf(run, spec) {
  if (spec.of === "market") return [{ name: "Market", colour: "#0072B2", values: run.market[spec.key] }];
  return [...run.firms].reverse().map((f, i, all) => ({
    name: f.name,
    colour: f.colour,
    values: run.firm[spec.key][f.id],
    dash: all.length === 2 ? i : 0,
  }));
}

function vary(text, offers, result) {
  const s = text.slider;
  const value = h("span.value", {}, `${num(s.rest, 0)} ${s.unit}`);
  let waiting;
  const input = h("input", {
    type: "range",
    id: "vary",
    min: s.low,
    max: s.high,
    step: s.step,
    value: s.rest,
    oninput: () => {
      value.textContent = `${num(Number(input.value), 0)} ${s.unit}`;
      clearTimeout(waiting);
      waiting = setTimeout(async () => {
        try {
          redraw(text, offers, result, await ask(`/api/lessons/${text.slug}/run?value=${input.value}`));
        } catch (error) {
          tell(error.message);
        }
      }, 200);
    },
  });
  return h(
    "div.lever",
    { style: "margin-top:14px" },
    h("label", { for: "vary" }, h("span.head", {}, h("b", {}, `Vary it: ${s.label}`), value)),
    input,
    h("div.why", {}, `${s.meaning}. What follows below speaks of the first setting.`),
  );
}
