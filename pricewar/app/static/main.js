// The address says which part is shown.
import { h, tell } from "/static/dom.js";

const PARTS = { "": "explore", explore: "explore", lessons: "lessons", screen: "screen", policy: "policy", game: "game" };
const [first, ...rest] = location.pathname.split("/").filter(Boolean);
const part = PARTS[first ?? ""];
const page = document.getElementById("page");

const theme = document.getElementById("theme");
const dress = (name) => {
  document.documentElement.dataset.theme = name;
  theme.setAttribute("aria-pressed", String(name === "dark"));
};
dress(document.documentElement.dataset.theme);
theme.onclick = () => {
  dress(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  localStorage.setItem("theme", document.documentElement.dataset.theme);
};

document.querySelector(`nav [data-part="${part}"]`)?.setAttribute("aria-current", "page");
try {
  const { show } = await import(`/static/${part}.js`);
  await show(page, rest);
} catch (error) {
  page.replaceChildren(
    h(
      "div.card",
      {},
      h("h1", {}, "That did not work"),
      h("p.error", {}, error.message),
      h("a", { href: `/${part}` }, "Start again"),
    ),
  );
  tell(error.message);
}
