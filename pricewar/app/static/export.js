// A chart as a file: with its title, unit, legend and source, so that it can stand on a slide by itself.
import { h, save } from "/static/dom.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = 12;
const LINE = 17; // px from one line of small type to the next
const SCALE = 3; // pixels of a PNG for each of the page: sharp on a projector

/** A node of a drawing. */
function s(tag, properties = {}, text) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(properties)) node.setAttribute(key, value);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** A copy that needs no style sheet: colours that depend on the page are written as what they are here. */
function resolved(drawing) {
  const copy = drawing.cloneNode(true);
  const [from, to] = [drawing, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  from.forEach((node, i) => {
    for (const name of ["fill", "stroke"])
      if (/var\(|color-mix|currentColor/i.test(node.getAttribute(name) ?? ""))
        to[i].setAttribute(name, hex(getComputedStyle(node)[name]));
  });
  copy.querySelectorAll("[aria-label=tip]").forEach((node) => node.remove());
  copy.removeAttribute("aria-hidden");
  copy.style.color = hex(getComputedStyle(drawing).color);
  copy.style.background = "none";
  return copy;
}

/** As red, green and blue that every program knows; a browser tells a mixed colour in parts of one. */
function hex(colour) {
  const parts = colour.match(/^color\(srgb ([\d.e-]+) ([\d.e-]+) ([\d.e-]+)/);
  return parts ? d3.rgb(...parts.slice(1).map((part) => 255 * Number(part))).formatHex() : colour;
}

/** Text in lines of at most so many letters. */
function wrapped(text, letters) {
  const lines = [""];
  for (const word of text.split(" ")) {
    if (lines.at(-1) && lines.at(-1).length + word.length >= letters) lines.push("");
    lines[lines.length - 1] = `${lines.at(-1)} ${word}`.trim();
  }
  return lines.filter(Boolean);
}

/**
 * The whole figure as one drawing.
 * @param figure holds the chart
 * @param about title, label, unit; names ([{name, colour, dash}]) for the legend; source() -> lines below it
 */
function composed(figure, { title, label, unit, names = [], source = () => [] }) {
  const drawing = figure.querySelector("svg");
  const { width, height } = drawing.viewBox.baseVal;
  const page = getComputedStyle(document.documentElement);
  const [ink, quiet, paper] = ["--ink", "--quiet", "--paper"].map((name) => page.getPropertyValue(name).trim());
  const wide = Math.max(width, 300) + 2 * MARGIN;
  const whole = s("svg", { xmlns: SVG, "font-family": "system-ui, 'DejaVu Sans', sans-serif", "font-size": 12, fill: ink });
  const ground = s("rect", { fill: paper, width: wide });
  whole.append(s("title", {}, `${title}, ${unit}`), ground);
  let y = MARGIN + 12;
  const write = (text, more = {}) => {
    for (const line of wrapped(text, (wide - 2 * MARGIN) / ((more["font-size"] ?? 12) * 0.56))) {
      whole.append(s("text", { x: MARGIN, y, ...more }, line));
      y += (more["font-size"] ?? 12) + 5;
    }
  };
  write(title, { "font-size": 16, "font-weight": 700 });
  write([unit, label].filter(Boolean).join(", "), { fill: quiet });
  y = legend(whole, names, y, wide);
  const chart = resolved(drawing);
  for (const [key, value] of Object.entries({ x: MARGIN, y: y - 8, width, height, overflow: "visible" })) chart.setAttribute(key, value);
  whole.append(chart);
  y += height + 10;
  for (const text of source().filter(Boolean)) write(text, { fill: quiet, "font-size": 10 });
  ground.setAttribute("height", y);
  for (const [key, value] of Object.entries({ width: wide, height: y, viewBox: `0 0 ${wide} ${y}` })) whole.setAttribute(key, value);
  return whole;
}

/** Names with a stroke of their line before them, in rows. Returns where the next line of type stands. */
function legend(whole, names, y, wide) {
  let x = MARGIN;
  for (const { name, colour, dash } of names) {
    const needs = 30 + 7 * name.length;
    if (x > MARGIN && x + needs > wide - MARGIN) [x, y] = [MARGIN, y + LINE];
    const stroke = s("line", { x1: x, x2: x + 20, y1: y - 4, y2: y - 4, stroke: colour, "stroke-width": 3 });
    if (dash) stroke.setAttribute("stroke-dasharray", dash);
    whole.append(stroke, s("text", { x: x + 25, y }, name));
    x += needs + 12;
  }
  return names.length ? y + LINE : y;
}

const fileName = ({ title, label }, kind) =>
  `${`${title} ${label ?? ""}`.trim().toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.${kind}`;

/** Hand the figure over as a drawing. */
export async function saveSvg(figure, about) {
  save(new Blob([composed(figure, about).outerHTML], { type: "image/svg+xml" }), fileName(about, "svg"));
}

/** Hand the figure over as a picture. */
export async function savePng(figure, about) {
  const whole = composed(figure, about);
  const [width, height] = ["width", "height"].map((name) => SCALE * Number(whole.getAttribute(name)));
  const picture = new Image();
  const url = URL.createObjectURL(new Blob([whole.outerHTML], { type: "image/svg+xml" }));
  picture.src = url;
  await picture.decode();
  const canvas = Object.assign(h("canvas"), { width, height });
  canvas.getContext("2d").drawImage(picture, 0, 0, width, height);
  URL.revokeObjectURL(url);
  save(await new Promise((done) => canvas.toBlob(done)), fileName(about, "png"));
}
