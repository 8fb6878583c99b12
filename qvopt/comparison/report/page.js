"use strict";
/* Adds to the report: sorting, choice of target, optimizers on and off, values under the pointer,
   zoom. Without it every table and picture is there all the same. */

/* ---- numbers of the tables ---- */

const SCALE = {"": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12};

/* The number by which a cell is sorted: the first in it, 12/30 as a ratio; NaN if it has none. */
function cellValue(text) {
  const plain = text.replace(/[−–]/g, "-").replace(/(\d),(?=\d{3})/g, "$1").trim();
  if (/^-?∞/.test(plain)) return plain[0] === "-" ? -Infinity : Infinity;
  const ratio = plain.match(/^(\d+)\/(\d+)$/);
  if (ratio) return Number(ratio[1]) / Number(ratio[2]);
  const match = plain.match(/^<?\s*(-?\d+(?:\.\d+)?(?:e[-+]?\d+)?)([kMGT]?)/);
  return match ? Number(match[1]) * SCALE[match[2]] : NaN;
}

/* Order of two cells: numbers before words, words in alphabetical order, unknown ones last. */
function compareCells(a, b, asText) {
  const x = asText ? NaN : cellValue(a), y = asText ? NaN : cellValue(b);
  if (x === y) return 0;
  if (!Number.isNaN(x) && !Number.isNaN(y)) return x < y ? -1 : 1;
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  return a.localeCompare(b);
}

function makeSortable(table) {
  const headings = [...table.querySelectorAll("thead th")];
  headings.forEach((heading, column) => {
    const button = element("button", {type: "button", class: "sort"}, heading.textContent);
    heading.replaceChildren(button);
    button.addEventListener("click", () => {
      const falling = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
      sortRows(table.tBodies[0], column, heading.classList.contains("text"), falling);
    });
  });
}

function sortRows(body, column, asText, falling) {
  const sign = falling ? -1 : 1;
  const text = (row) => row.cells[column].textContent;
  const unknown = (row) => !asText && Number.isNaN(cellValue(text(row)));
  const rows = [...body.rows].sort((a, b) =>
    unknown(a) - unknown(b) || sign * compareCells(text(a), text(b), asText));
  body.append(...rows);
}

/* ---- choice of target ---- */

function chooseTargets(section) {
  const control = section.querySelector("[data-control=target]");
  if (!control) return;
  const choice = control.querySelector("select");
  const show = () => section.querySelectorAll("[data-target]").forEach((part) => {
    part.hidden = part.dataset.target !== choice.value;
  });
  section.querySelectorAll("details.targets").forEach((list) => { list.hidden = true; });
  choice.addEventListener("change", show);
  control.hidden = false;
  show();
}

/* ---- pictures ---- */

/* Position in data of a point of the picture; both axes are logarithmic. */
function toData(series, x, y) {
  const [left, top, right, bottom] = series.axes;
  const along = (low, high, share) => low * Math.pow(high / low, share);
  return [along(...series.xlim, (x - left) / (right - left)),
          along(...series.ylim, (bottom - y) / (bottom - top))];
}

/* Position in the picture of a point of the data. */
function toPicture(series, shots, error) {
  const [left, top, right, bottom] = series.axes;
  const share = (low, high, value) => Math.log(value / low) / Math.log(high / low);
  return [left + (right - left) * share(...series.xlim, shots),
          bottom - (bottom - top) * share(...series.ylim, error)];
}

/* The point of a visible line that is nearest to (x, y) of the picture, or null if none is near. */
function nearestPoint(series, hidden, x, y, reach = 18) {
  let best = null;
  series.lines.forEach((line, k) => {
    if (hidden.has(k)) return;
    line.errors.forEach((error, i) => {
      if (error === null) return;
      const [px, py] = toPicture(series, series.shots[i], Math.max(error, series.least));
      const distance = Math.hypot(px - x, py - y);
      if (distance <= reach && (best === null || distance < best.distance)) {
        best = {distance, x: px, y: py, name: line.name, shots: series.shots[i], error};
      }
    });
  });
  return best;
}

function shortNumber(value) {
  for (const [name, unit] of Object.entries(SCALE).reverse()) {
    if (value >= 0.9995 * unit) return Number((value / unit).toPrecision(3)) + name;
  }
  return String(Number(value.toPrecision(3)));
}

/* The part of the picture that is seen after a zoom by `factor` about (x, y), within the whole. */
function zoomed(view, whole, factor, x, y) {
  const width = Math.min(whole[2], Math.max(whole[2] / 16, view[2] / factor));
  const ratio = width / view[2], height = view[3] * ratio;
  return within([x - (x - view[0]) * ratio, y - (y - view[1]) * ratio, width, height], whole);
}

function within([x, y, width, height], whole) {
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  return [clamp(x, whole[0], whole[0] + whole[2] - width),
          clamp(y, whole[1], whole[1] + whole[3] - height), width, height];
}

function makeZoomable(figure, svg, controls) {
  const whole = svg.getAttribute("viewBox").split(/\s+/).map(Number);
  const title = figure.querySelector("h3").textContent;
  let view = whole, drag = null;
  const set = (next) => {
    view = next;
    svg.setAttribute("viewBox", next.join(" "));
    svg.style.touchAction = next[2] < whole[2] ? "none" : "";  // a finger moves the picture then
  };
  const middle = () => [view[0] + view[2] / 2, view[1] + view[3] / 2];
  const button = (text, label, act) => {
    const made = element("button", {type: "button", "aria-label": `${label}: ${title}`}, text);
    made.addEventListener("click", act);
    controls.append(made);
  };
  button("+", "Zoom in", () => set(zoomed(view, whole, 1.5, ...middle())));
  button("−", "Zoom out", () => set(zoomed(view, whole, 1 / 1.5, ...middle())));
  button("Reset", "Show the whole picture", () => set(whole));
  const at = (event) => {
    const box = svg.getBoundingClientRect();
    return [view[0] + view[2] * (event.clientX - box.left) / box.width,
            view[1] + view[3] * (event.clientY - box.top) / box.height];
  };
  svg.addEventListener("dblclick", (event) => set(zoomed(view, whole, 2, ...at(event))));
  svg.addEventListener("pointerdown", (event) => {
    if (view[2] < whole[2]) drag = at(event);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = at(event);
    set(within([view[0] + drag[0] - x, view[1] + drag[1] - y, view[2], view[3]], whole));
  });
  for (const end of ["pointerup", "pointerleave"]) svg.addEventListener(end, () => { drag = null; });
  return at;
}

function makeInteractive(figure) {
  const svg = figure.querySelector("svg");
  if (!svg || !svg.getAttribute("viewBox")) return;
  const controls = element("div", {class: "controls"});
  figure.querySelector("figcaption").before(controls);
  const at = makeZoomable(figure, svg, controls);
  if (!figure.dataset.series) return;
  const series = JSON.parse(figure.dataset.series), hidden = new Set();
  const parts = (k) => svg.querySelectorAll(`[id^="${figure.id}-optimizer-${k}-"]`);
  const switches = element("div", {class: "switches", role: "group", "aria-label": "Optimizers"});
  series.lines.forEach((line, k) => {
    const button = element("button", {type: "button", "aria-pressed": "true"}, line.name);
    const paths = svg.querySelectorAll(`[id^="${figure.id}-optimizer-${k}-"] path`);
    const stroke = [...paths].map((path) => getComputedStyle(path).stroke).find((c) => c !== "none");
    if (stroke) button.style.borderLeft = `4px solid ${stroke}`;
    button.addEventListener("click", () => {
      const show = hidden.delete(k);
      if (!show) hidden.add(k);
      button.setAttribute("aria-pressed", String(show));
      parts(k).forEach((part) => {
        if (show) part.removeAttribute("display");
        else part.setAttribute("display", "none");
      });
    });
    switches.append(button);
  });
  controls.after(switches);
  const mark = document.createElementNS("http://www.w3.org/2000/svg", "circle");
  Object.entries({r: 3.5, fill: "none", stroke: "currentColor", display: "none"})
    .forEach(([key, value]) => mark.setAttribute(key, value));
  svg.append(mark);
  const hint = "Point at a line to read its values.";
  const readout = element("output", {class: "readout"}, hint);
  controls.append(readout);
  svg.addEventListener("pointermove", (event) => {
    const point = nearestPoint(series, hidden, ...at(event));
    mark.setAttribute("display", point ? "inline" : "none");
    readout.textContent = !point ? hint : `${point.name}: ${Number(point.error.toPrecision(3))} ` +
      `${series.unit} after ${shortNumber(point.shots)} shots`;
    if (!point) return;
    mark.setAttribute("cx", point.x);
    mark.setAttribute("cy", point.y);
  });
}

function element(name, attributes, text = "") {
  const made = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  made.textContent = text;
  return made;
}

if (typeof document === "undefined") {
  module.exports = {cellValue, compareCells, toData, toPicture, nearestPoint, shortNumber, zoomed};
} else {
  document.querySelectorAll("table").forEach(makeSortable);
  chooseTargets(document);
  document.querySelectorAll("figure").forEach(makeInteractive);
}
