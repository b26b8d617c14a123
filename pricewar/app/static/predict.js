// The class before an experiment: a teacher asks, phones answer, the answers are shown, and only then the lesson goes on.
import { ask, h, tell } from "/static/dom.js";

const LOOK_AGAIN = 3000; // ms
const NEXT = { open: "shown", shown: "revealed" };

/** A secret of this browser, so that a second answer takes the place of the first. */
export function browserKey() {
  if (!localStorage.getItem("browser")) {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    localStorage.setItem("browser", Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""));
  }
  return localStorage.getItem("browser");
}

const path = (code) => `/api/predictions/${encodeURIComponent(code)}`;

/** Look at a class until it is revealed; `seen` is called with each view. */
async function follow(code, seen, node) {
  for (;;) {
    try {
      const view = await ask(path(code));
      seen(view);
      if (view.stage === "revealed") return;
    } catch (error) {
      if (error.status === 404) return tell(error.message);
    }
    await new Promise((done) => setTimeout(done, LOOK_AGAIN));
    if (!node.isConnected) return;
  }
}

/** Show at each option how many chose it. */
function showCounts(root, counts) {
  if (!counts) return;
  const all = d3.sum(counts);
  root.querySelectorAll(".option").forEach((option, i) => {
    const part = all ? Math.round((100 * counts[i]) / all) : 0;
    option.querySelector(".said")?.remove();
    option.append(
      h(
        "span.said",
        {},
        h("span.share", { style: `width:${part}%` }),
        h("span.number-of", {}, `${counts[i]} of ${all}`),
      ),
    );
  });
}

/** A phone: one sends what one chose, and waits until the teacher lets the class go on with `go`. */
export function answerBox(code, root, go) {
  const said = h("p", { id: "class-said", role: "status" }, `Your class predicts together, code ${code}. Nobody's name is asked for.`);
  const send = h("button.main", { id: "predict", type: "button" }, "Send my prediction");
  const start = h("button.main", { id: "experiment", type: "button", disabled: true, onclick: () => go(start) }, "Run the experiment");
  send.onclick = async () => {
    const chosen = root().querySelector("input[name=prediction]:checked");
    if (!chosen) return void (said.textContent = "Choose an answer first.");
    try {
      await ask(path(code), { body: { option: Number(chosen.value), browser: browserKey() } });
      said.textContent = "Your prediction is in. You may change it until the class sees all predictions.";
    } catch (error) {
      said.textContent = error.message;
    }
  };
  const node = h("div.stack", { style: "margin-top:8px" }, said, h("div.row", {}, send, start));
  const seen = (view) => {
    send.disabled = view.stage !== "open";
    showCounts(root(), view.counts);
    if (view.stage === "shown") said.textContent = "These are the predictions of your class. The experiment comes next.";
    if (view.stage === "revealed") {
      said.textContent = "Run the experiment: was your class right?";
      if (root().querySelector("input[name=prediction]:checked")) start.disabled = false;
      else root().addEventListener("change", () => (start.disabled = false), { once: true });
    }
  };
  setTimeout(() => follow(code, seen, node), 0);
  return node;
}

/** The teacher's side: a button that asks the class, then how many have answered, and what comes next. */
export function askBox(slug, root, go) {
  const node = h("div", { style: "margin-top:10px" });
  const begin = h("button", { id: "ask-class", type: "button" }, "Ask the class first");
  begin.onclick = async () => {
    try {
      const made = await ask("/api/predictions", { body: { lesson: slug } });
      document.querySelector("#experiment").parentElement.remove(); // from now on the class goes on together
      node.replaceChildren(panel(made, slug, root, go));
    } catch (error) {
      tell(error.message);
    }
  };
  node.append(begin);
  return node;
}

function panel({ code, token }, slug, root, go) {
  const count = h("p", { id: "answers", role: "status", style: "font-size:1.4rem;margin:0" }, "No prediction yet");
  const labels = { open: "Show the predictions", shown: "Run the experiment" };
  const next = h("button.main", { id: "go-on", type: "button" }, labels.open);
  let stage = "open";
  const seen = (view) => {
    stage = view.stage;
    count.textContent = view.answers === 1 ? "1 prediction" : `${view.answers} predictions`;
    next.textContent = labels[stage] ?? labels.shown;
    showCounts(root(), view.counts);
  };
  next.onclick = async () => {
    if (stage === "shown" && !root().querySelector("input[name=prediction]:checked"))
      return tell("Choose an answer too: that of the class, or your own.");
    try {
      seen(await ask(`${path(code)}/stage`, { body: { stage: NEXT[stage] }, token }));
      if (stage === "revealed") go(next);
    } catch (error) {
      tell(error.message);
    }
  };
  const node = h(
    "div.invite",
    { id: "asked" },
    h("img", { src: `${path(code)}/qr.svg`, alt: `Picture of the address at which the class predicts, code ${code}`, width: 160, height: 160 }),
    h(
      "div.stack",
      {},
      h("p.address", {}, `${location.host}/lessons/${slug}?class=${code}`),
      count,
      h("div.row", {}, next),
      h("p.quiet", {}, "What each option got is hidden until you show it. Answers are kept until six hours after the last look, without names."),
    ),
  );
  setTimeout(() => follow(code, seen, node), 0);
  return node;
}
