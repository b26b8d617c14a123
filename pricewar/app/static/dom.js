// Small tools for the page. Text always goes in as text, never as HTML, so a name cannot become a script.

/** h("button.main", { onclick }, "Run"): an element with classes, properties and children. */
export function h(what, props = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const node = document.createElement(tag || "div");
  node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null) continue;
    if (key.startsWith("on") || key === "value" || key === "checked" || key === "disabled" || key === "open")
      node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(
    ...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return node;
}

export const $ = (selector, root = document) => root.querySelector(selector);

let fade;
/** A short message at the foot of the page. */
export function tell(text) {
  const node = $("#tell");
  node.textContent = text;
  node.classList.add("on");
  clearTimeout(fade);
  fade = setTimeout(() => node.classList.remove("on"), 3500);
}

const shown = new Map();
/** A number as people read it: `digits` after the point, thin spaces, a real minus sign. */
export function num(value, digits = 1, signed = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const key = `${digits}${signed}`;
  if (!shown.has(key))
    shown.set(
      key,
      new Intl.NumberFormat("en-US", {
        minimumFractionDigits: digits,
        maximumFractionDigits: digits,
        signDisplay: signed ? "exceptZero" : "negative",
      }),
    );
  return shown.get(key).format(value).replace("-", "\u2212");
}

const NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/** 2025-05 as May 25, 2025-05-12 as 12 May, 2025-W20 as W20 25. */
export function monthName(month) {
  const [year, part, day] = month.split("-");
  const name = NAMES[Number(part) - 1] ?? part;
  return day ? `${Number(day)} ${name}` : `${name} ${year.slice(2)}`;
}

/** What money, units and periods are called in the market that is shown; the server says so. */
export const words = {
  money: "money",
  total: "money",
  size: 1,
  units: "units",
  unit: "unit",
  a_unit: "a unit",
  maker: "firm",
  period: "period",
  digits: 0,
};
export const speak = (found) => Object.assign(words, found ?? {});
/** Month by month, week by week: the market's own word for a period. */
export const byPeriod = () => `${words.period} by ${words.period}`;
/** As the first word of a sentence. */
export const capital = (text) => text[0].toUpperCase() + text.slice(1);
/** An amount of money for one unit. */
export const inMoney = (value) => `${num(value, words.digits)} ${words.money}`;

/** Ask the server; an error answer becomes an Error with the server's words. */
export async function ask(path, { body, token, raw } = {}) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (token) headers.Authorization = `Bearer ${token}`;
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(said.error ?? `The server answered ${answer.status}.`), {
      status: answer.status,
    });
  }
  return raw ? answer.blob() : answer.json();
}

/** A drawing inside a figure with a label of its own: a screen reader reads the label, and not every mark. */
export function behindLabel(drawing) {
  drawing.setAttribute("aria-hidden", "true");
  return drawing;
}

/** Hand a blob to the browser as a download. */
export function save(blob, name) {
  const link = h("a", { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
