// The week of a schedule, drawn from its rows; dragging writes into the rows, which are the form.
"use strict";

(() => {
  const form = document.getElementById("week");
  if (form === null) {
    return;
  }
  const grid = document.getElementById("grid");
  const blocks = document.getElementById("blocks");
  const lists = { week: document.getElementById("week-rows"), dates: document.getElementById("date-rows") };
  const [left, top, column, hour] = ["left", "top", "column", "hour"].map((name) => Number(form.dataset[name]));
  const days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"];
  const STEP = 15;
  const EDGE = 7;
  const DAY = 1440;
  const announce = (text) => {
    document.getElementById("announce").textContent = text;
  };

  const part = (row, name) => row.querySelector(`[data-part="${name}"]`);
  const ticks = (row) => [...row.querySelectorAll("[data-day]")];
  const rows = () => [...lists.week.querySelectorAll("[data-row]")];

  const minute = (text) => {
    const found = /^(\d{1,2}):?(\d{2})$/.exec(text.normalize("NFKC").trim());
    const minutes = found ? Number(found[1]) * 60 + Number(found[2]) : NaN;
    return found && Number(found[2]) < 60 && minutes <= DAY ? minutes : null;
  };
  const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

  const shape = (name, attributes, parent) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
    parent.append(made);
    return made;
  };

  const draw = () => {
    blocks.replaceChildren();
    rows().forEach((row) => {
      const begins = minute(part(row, "from").value);
      const ends = minute(part(row, "to").value);
      if (begins === null || ends === null || begins >= ends) {
        return;
      }
      const what = part(row, "what");
      const text = what.options ? what.options[what.selectedIndex].text : what.value;
      const kind = ["on", "stays"].includes(what.value) ? what.value : "set";
      ticks(row).forEach((tick, at) => {
        if (tick.checked) {
          const y = top + (begins * hour) / 60;
          const height = Math.max(2, ((ends - begins) * hour) / 60 - 1);
          const box = { x: left + column * at + 2, y, width: column - 4, height, rx: 4 };
          const drawn = shape("rect", { ...box, class: `block ${kind}` }, blocks);
          drawn.dataset.of = row.dataset.row;
          drawn.dataset.day = at;
          const middle = left + column * at + column / 2;
          if (height > 15) {
            shape("text", { x: middle, y: y + (height > 34 ? 16 : 13), "text-anchor": "middle", class: "times" }, blocks).textContent = `${clock(begins)}–${clock(ends)}`;
          }
          if (height > 34) {
            const label = shape("text", { x: middle, y: y + 31, "text-anchor": "middle", class: "label" }, blocks);
            const said = /^\d+$/.test(what.value) ? what.value : text;
            const fits = /^[ -~]*$/.test(said) ? 13 : 7;
            label.textContent = said.length > fits ? `${said.slice(0, fits - 1)}…` : said;
          }
        }
      });
    });
  };

  // Rows

  const blank = (row) => ![part(row, "from"), part(row, "to"), part(row, "date")].some((field) => field && field.value) && !ticks(row).some((tick) => tick.checked);
  let next = Math.max(...[...form.querySelectorAll("[data-row]")].map((row) => Number(row.dataset.row.slice(1)))) + 1;
  const pattern = { week: rows().at(-1).cloneNode(true), dates: [...lists.dates.children].at(-1).cloneNode(true) };
  const named = (text, from, to) => text.replace(from, to);

  const add = (list) => {
    const row = pattern[list].cloneNode(true);
    const [old, key] = [row.dataset.row, `${row.dataset.row[0]}${next}`];
    next += 1;
    row.dataset.row = key;
    row.querySelectorAll("[id], [name], [for], [value]").forEach((each) => {
      ["id", "name", "for", "value"].forEach((name) => {
        const had = each.getAttribute(name);
        if (had !== null && (had === old || had.startsWith(`${old}-`))) {
          each.setAttribute(name, named(had, old, key));
        }
      });
    });
    row.querySelectorAll("legend, .drop .unseen").forEach((each) => {
      each.textContent = each.textContent.replace(/\d+/, String(next));
    });
    row.querySelectorAll(".error").forEach((each) => each.remove());
    row.querySelectorAll("[aria-invalid]").forEach((each) => ["aria-invalid", "aria-describedby"].forEach((name) => each.removeAttribute(name)));
    row.querySelectorAll("input").forEach((each) => {
      if (each.type === "checkbox") {
        each.checked = false;
      } else {
        each.value = "";
      }
    });
    lists[list].append(row);
    return row;
  };

  const spare = () => rows().find(blank) ?? add("week");

  form.addEventListener("click", (event) => {
    const more = event.target.closest("[data-add]");
    const drop = event.target.closest("button.drop");
    if (more) {
      event.preventDefault();
      const row = add(more.dataset.add);
      row.querySelector("input").focus();
      announce(form.dataset.added);
    } else if (drop) {
      event.preventDefault();
      const row = drop.closest("[data-row]");
      const beside = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (beside?.querySelector("input") ?? form.querySelector("[data-add]")).focus();
      announce(form.dataset.removed);
      draw();
    }
  });
  form.addEventListener("input", draw);
  form.addEventListener("change", draw);

  // Dragging; fingers scroll instead, and type into the rows.

  const place = (event) => {
    const box = grid.getBoundingClientRect();
    const scale = grid.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale;
    const y = (event.clientY - box.top) * scale;
    const day = Math.min(days.length - 1, Math.max(0, Math.floor((x - left) / column)));
    const raw = ((y - top) / hour) * 60;
    return { day, raw, minute: Math.min(DAY, Math.max(0, Math.round(raw / STEP) * STEP)), inside: x >= left && y >= top && raw <= DAY };
  };

  const write = (row, begins, ends) => {
    part(row, "from").value = clock(begins);
    part(row, "to").value = clock(ends);
    draw();
  };

  const grip = (row, at) => {
    const [begins, ends] = [minute(part(row, "from").value), minute(part(row, "to").value)];
    const edge = (EDGE / hour) * 60;
    const end = at.raw - begins < edge ? "begins" : ends - at.raw < edge ? "ends" : "both";
    return (now) => {
      const moved = now.minute - at.minute;
      if (end === "begins") {
        write(row, Math.min(ends - STEP, Math.max(0, begins + moved)), ends);
      } else if (end === "ends") {
        write(row, begins, Math.max(begins + STEP, Math.min(DAY, ends + moved)));
      } else {
        const kept = Math.max(-begins, Math.min(DAY - ends, moved));
        write(row, begins + kept, ends + kept);
        const ticked = ticks(row).filter((tick) => tick.checked);
        if (ticked.length === 1) {
          ticks(row).forEach((tick, day) => {
            tick.checked = day === now.day;
          });
          draw();
        }
      }
    };
  };

  const span = (at) => {
    let row = null;
    const begun = at.minute;
    return (now) => {
      if (row === null && Math.abs(now.raw - at.raw) < STEP) {
        return;
      }
      row ??= spare();
      ticks(row).forEach((tick, day) => {
        tick.checked = day >= Math.min(at.day, now.day) && day <= Math.max(at.day, now.day);
      });
      const [begins, ends] = [Math.min(begun, now.minute), Math.max(begun, now.minute)];
      write(row, begins, Math.max(ends, begins + STEP));
    };
  };

  let drag = null;
  grid.addEventListener("pointerdown", (event) => {
    const at = place(event);
    if (event.pointerType === "touch" || event.button !== 0 || !at.inside) {
      return;
    }
    event.preventDefault();
    const row = event.target.dataset?.of && form.querySelector(`[data-row="${event.target.dataset.of}"]`);
    drag = row ? grip(row, at) : span(at);
    grid.setPointerCapture(event.pointerId);
    grid.classList.add("dragging");
  });
  grid.addEventListener("pointermove", (event) => drag?.(place(event)));
  ["pointerup", "pointercancel"].forEach((name) =>
    grid.addEventListener(name, () => {
      drag = null;
      grid.classList.remove("dragging");
    }),
  );

  // Who has scripts adds rows when they are wanted: one blank one is enough.
  Object.values(lists).forEach((list) => {
    [...list.children].filter(blank).slice(1).forEach((row) => row.remove());
  });
  form.querySelectorAll("[data-scripted]").forEach((each) => {
    each.hidden = false;
  });
  draw();
})();
