// Tables sort by the column whose head is chosen; marks of figures say what they stand for.
// Without this script, all is there but the order, and browsers show the words of marks later.
"use strict";
(() => {
  const words = (row, k) => (row.cells[k].firstChild?.textContent ?? row.cells[k].textContent).trim();
  const whole = (row, k) => row.cells[k].firstElementChild?.tagName === "WBR" ? row.cells[k].textContent : words(row, k);
  const amount = text => {
    const found = /^[<>±]?\s*(-?[\d,]*\.?\d+(?:e[-+]?\d+)?)/i.exec(text.replace(/\u2212/g, "-"));
    return found ? Number(found[1].replace(/,/g, "")) : NaN;
  };
  const sort = (table, k, down) => {
    const body = table.tBodies[0], rows = [...body.rows];
    const keys = new Map(rows.map(row => [row, whole(row, k)]));
    const numeric = rows.every(row => !keys.get(row) || !Number.isNaN(amount(keys.get(row))));
    const order = (a, b) => {
      const [x, y] = [keys.get(a), keys.get(b)];
      if (!x || !y) return !x - !y;  // empty cells stay last
      const by = numeric ? amount(x) - amount(y) : x.localeCompare(y, document.documentElement.lang);
      return down ? -by : by;
    };
    body.append(...rows.sort(order));
    for (const [i, head] of [...table.tHead.rows[0].cells].entries()) {
      if (i === k) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    }
  };
  for (const table of document.querySelectorAll("table.sort")) {
    if (table.tBodies[0].rows.length < 2) continue;
    for (const [k, head] of [...table.tHead.rows[0].cells].entries()) {
      if (!head.textContent.trim()) continue;
      head.tabIndex = 0;
      head.classList.add("sorts");
      const turn = () => {
        const was = head.getAttribute("aria-sort");
        sort(table, k, was ? was === "ascending" : head.classList.contains("n"));
      };
      head.addEventListener("click", turn);
      head.addEventListener("keydown", event => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); turn(); }
      });
    }
  }

  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  document.body.append(tip);
  const told = new WeakMap();
  for (const title of document.querySelectorAll("figure svg title")) {
    told.set(title.parentNode, title.textContent);
    title.remove();
  }
  const show = event => {
    const mark = event.target.closest?.("figure svg")
      && document.elementsFromPoint(event.clientX, event.clientY).find(one => told.has(one));
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = told.get(mark);
    const room = document.documentElement.clientWidth - tip.offsetWidth - 8;
    tip.style.left = `${Math.max(8, Math.min(event.clientX + 12, room)) + window.scrollX}px`;
    const above = event.clientY - tip.offsetHeight - 12;
    tip.style.top = `${(above > 0 ? above : event.clientY + 18) + window.scrollY}px`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
})();
