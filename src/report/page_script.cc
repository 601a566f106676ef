// What a report shows under the pointer: the numbers at the nearest place of each visible curve.
#include "report/page_parts.h"

namespace softac::report {

const std::string_view kPageScript = R"js("use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const groups = [...document.querySelectorAll("nav label.key")].map((label) => label.textContent.trim());
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.hidden = true;
  document.body.append(tip);

  const checked = (id) => {
    const box = document.getElementById(id);
    return box === null || box.checked;
  };

  const visible = (curve) =>
    checked("g" + curve.g) &&
    (curve.k === "mean" ? checked("s-mean") : curve.k === "iqm" ? checked("s-iqm") : curve.k !== "run" || checked("s-seeds"));

  // Index of the value of an increasing list that is nearest to x.
  const nearest = (list, x) => {
    let low = 0, high = list.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (list[middle] <= x) low = middle;
      else high = middle;
    }
    return Math.abs(list[low] - x) <= Math.abs(list[high] - x) ? low : high;
  };

  // An axis in the drawing's units: from a value to a place and back.
  const scale = (text, from, to) => {
    const parts = text.split(" "), log = parts[2] === "log" ? Math.log : (v) => v, back = parts[2] === "log" ? Math.exp : (v) => v;
    const low = log(Number(parts[0])), high = log(Number(parts[1]));
    return {
      at: (v) => from + ((to - from) * (log(v) - low)) / (high - low),
      value: (at) => back(low + ((high - low) * (at - from)) / (to - from)),
    };
  };

  const draw = (svg, name, attributes, parent) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const key in attributes) made.setAttribute(key, attributes[key]);
    parent.append(made);
    return made;
  };

  const clear = () => {
    tip.hidden = true;
    document.querySelectorAll("g.pointer").forEach((mark) => mark.remove());
  };

  // Values of the visible curves at the recorded place nearest to x: {x, rows: [{curve, index, x, y}]}.
  const values = (panel, x) => {
    const shown = panel.curves.filter((curve) => visible(curve) && data.x[curve.x].length > 0);
    let best = null;
    for (const curve of shown) {
      const list = data.x[curve.x], there = list[nearest(list, x)];
      if (best === null || Math.abs(there - x) < Math.abs(best - x)) best = there;
    }
    const rows = shown.map((curve) => {
      const list = data.x[curve.x], index = nearest(list, best);
      return { curve, index, x: list[index], y: curve.y[index] };
    });
    return { x: best, rows: rows.filter((row) => row.y !== null) };
  };

  const row_text = (row, best) => {
    const curve = row.curve, low = curve.lo ? curve.lo[row.index] : null;
    const range = low === null ? "" : " [" + low + ", " + curve.hi[row.index] + "]";
    return curve.n + ": " + row.y + range + (row.x === best ? "" : " (at " + row.x + ")");
  };

  const show = (svg, panel, event) => {
    clear();
    const box = svg.getBoundingClientRect(), view = svg.viewBox.baseVal;
    const [left, top, right, bottom] = svg.dataset.plot.split(" ").map(Number);
    const at = ((event.clientX - box.left) / box.width) * view.width;
    if (at < left - 8 || at > right + 8) return;
    const x = scale(svg.dataset.x, left, right), y = scale(svg.dataset.y, bottom, top);
    const found = values(panel, x.value(Math.min(Math.max(at, left), right)));
    if (found.rows.length === 0) return;
    const mark = draw(svg, "g", { class: "pointer" }, svg);
    draw(svg, "line", { x1: x.at(found.x), x2: x.at(found.x), y1: top, y2: bottom, class: "s-muted" }, mark);
    tip.replaceChildren();
    const head = document.createElement("b");
    head.textContent = panel.x + " " + found.x;
    tip.append(head);
    let group = -1;
    for (const row of found.rows) {
      if (row.curve.g !== group && groups.length > 1) {
        group = row.curve.g;
        const name = document.createElement("div");
        name.className = "of k-c" + (group % 8);
        name.textContent = groups[group];
        tip.append(name);
      }
      const line = document.createElement("div");
      line.textContent = row_text(row, found.x);
      tip.append(line);
      const height = y.at(row.y);
      if (height >= top && height <= bottom)
        draw(svg, "circle", { cx: x.at(row.x), cy: height, r: 3, class: "f-c" + (row.curve.g % 8) }, mark);
    }
    tip.hidden = false;
    const wide = document.documentElement.clientWidth, size = tip.getBoundingClientRect();
    const beside = event.clientX + 14 + size.width < wide ? event.clientX + 14 : event.clientX - 14 - size.width;
    tip.style.left = Math.max(4, Math.min(beside, wide - size.width - 4)) + window.scrollX + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 12, window.innerHeight - size.height - 4)) + window.scrollY + "px";
  };

  document.querySelectorAll("figure.panel > svg").forEach((svg, i) => {
    svg.addEventListener("pointermove", (event) => show(svg, data.panels[i], event));
    svg.addEventListener("pointerdown", (event) => show(svg, data.panels[i], event));
    svg.addEventListener("pointerleave", clear);
  });
})();
)js";

}  // namespace softac::report
