// Questions on the rules that a player answers while the class waits for the game to start.
import { h, tell } from "/static/dom.js";

/** The card; it stays as it is while others join, so that nothing that was chosen is lost. */
export function quizCard({ rules, questions }, call) {
  const said = h("p", { id: "quiz-said", role: "status" });
  const sets = questions.map((one, i) => question(one, i));
  const card = h(
    "form.card",
    { id: "quiz" },
    h("h2", {}, "Before the game"),
    h("ul", {}, rules.map((rule) => h("li", {}, rule))),
    sets.map((one) => one.node),
    said,
    h("button.main", { id: "quiz-send", type: "submit" }, "Check my answers"),
  );
  card.onsubmit = async (event) => {
    event.preventDefault();
    const answers = sets.map((one) => one.chosen());
    if (answers.includes(null)) return void (said.textContent = "Answer all questions first.");
    try {
      const found = await call("quiz", { answers });
      sets.forEach((one, i) => one.mark(found.right[i], found.because[i]));
      if (found.passed) card.replaceWith(h("section.card", { id: "quiz" }, h("span.tag.yes", { id: "quiz-passed" }, "All answers are right.")));
      else said.textContent = `${found.right.filter(Boolean).length} of ${questions.length} are right. Try again.`;
    } catch (error) {
      tell(error.message);
    }
  };
  return card;
}

function question({ text, answers }, number) {
  const name = `quiz-${number}`;
  const why = h("p.error", { style: "min-height:0;margin:0 0 6px" });
  const node = h(
    "fieldset.group",
    {},
    h("legend", {}, text),
    answers.map((answer, i) =>
      h("label.tick", { style: "display:flex;gap:8px;padding:4px 0" }, h("input", { type: "radio", name, value: i }), h("span", {}, answer)),
    ),
    why,
  );
  return {
    node,
    chosen: () => {
      const found = node.querySelector("input:checked");
      return found ? Number(found.value) : null;
    },
    mark: (right, because) => (why.textContent = right ? "" : because),
  };
}
