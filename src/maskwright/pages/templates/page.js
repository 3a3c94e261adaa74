// Wipe and blink. Without this script the two pictures stand side by side and nothing is lost.
(() => {
  "use strict";
  const BLINK_MS = 700; // each side long enough to be seen, far below three flashes a second
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  const make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const keyed = (word, key) => make("button", { type: "button" }, word, make("kbd", {}, key));

  // A stage with both pictures on it, and its controls.
  const viewer = () => {
    const tags = [make("span", { class: "tag left" }), make("span", { class: "tag right" })];
    const edge = make("div", { class: "edge" });
    const stage = make("div", { class: "stage" });
    const range = make("input", { type: "range", min: 0, max: 100, value: 50, "aria-label": "Wipe: share of the original that is shown, in percent" });
    const blink = keyed("Blink", "B"), lines = keyed("Outlines", "O");
    const controls = make("div", { class: "controls" }, range, blink, lines);
    const root = make("div", { class: "viewer" }, stage, controls);
    let edited = null, outline = null, side = "", timer = 0;

    const draw = () => {
      if (!edited) return;
      const share = side === "original" ? 100 : side === "edited" ? 0 : Number(range.value);
      edited.style.clipPath = `inset(0 0 0 ${share}%)`;
      if (outline) outline.style.clipPath = edited.style.clipPath;
      edge.hidden = side !== "";
      edge.style.left = `${share}%`;
      tags[0].textContent = side || "original";
      tags[1].textContent = "edited";
      tags[0].hidden = !side && share < 8;
      tags[1].hidden = Boolean(side) || share > 92;
    };
    const wipe = () => { clearInterval(timer); timer = 0; side = ""; blink.setAttribute("aria-pressed", "false"); draw(); };
    const other = () => { side = side === "original" ? "edited" : "original"; draw(); };
    const toggleBlink = () => {
      if (still.matches) { blink.setAttribute("aria-pressed", "true"); other(); return; }
      if (timer) { wipe(); return; }
      blink.setAttribute("aria-pressed", "true");
      other();
      timer = setInterval(other, BLINK_MS);
    };
    const toggleLines = () => {
      const off = stage.classList.toggle("noline");
      lines.setAttribute("aria-pressed", String(!off));
    };
    const step = (by) => { wipe(); range.value = Number(range.value) + by; draw(); };
    const drag = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = stage.getBoundingClientRect();
      wipe();
      range.value = 100 * (event.clientX - box.left) / box.width;
      draw();
    };
    stage.addEventListener("pointerdown", drag);
    stage.addEventListener("pointermove", drag);
    range.addEventListener("input", wipe);
    blink.addEventListener("click", toggleBlink);
    lines.addEventListener("click", toggleLines);

    return {
      root, stage, controls, stop: wipe,
      show(versus) {
        const before = versus.querySelector(".original img").cloneNode();
        edited = versus.querySelector(".edited img").cloneNode();
        before.draggable = edited.draggable = false;
        const drawn = versus.querySelector(".edited svg.outline");
        outline = drawn ? drawn.cloneNode(true) : null;
        lines.hidden = !outline;
        lines.setAttribute("aria-pressed", String(!stage.classList.contains("noline")));
        stage.replaceChildren(before, edited, ...(outline ? [outline] : []), edge, ...tags);
        const [width, height] = [edited.getAttribute("width"), edited.getAttribute("height")];
        stage.style.aspectRatio = `${width} / ${height}`;
        stage.style.maxWidth = `min(100%, calc(72vh * ${width} / ${height}))`;
        range.value = Math.min(50, Math.max(0, Number(versus.dataset.left) - 4)); // what changed is seen at once
        wipe();
      },
      key(name) {
        if (name === "b") toggleBlink();
        else if (name === "o" && outline) toggleLines();
        else if (name === "arrowleft") step(-5);
        else if (name === "arrowright") step(5);
        else return false;
        return true;
      },
    };
  };

  let active = null;

  // The pair a page is about: over each other in place.
  const main = document.querySelector(".versus.main");
  if (main) {
    active = viewer();
    active.show(main);
    main.before(active.root);
    main.hidden = true;
  }

  // Pairs on a contact sheet: one dialog for all of them.
  const pairs = [...document.querySelectorAll(".card .versus:not(.apart)")];
  if (pairs.length && "HTMLDialogElement" in window) {
    const shown = viewer();
    const title = make("h2", { id: "viewer-title", "aria-live": "polite" });
    const before = keyed("Previous", "P"), after = keyed("Next", "N"), close = keyed("Close", "Esc");
    shown.controls.append(before, after, close);
    const dialog = make("dialog", { "aria-labelledby": "viewer-title" }, title, shown.root);
    document.body.append(dialog);
    let place = 0;
    const open = (number) => {
      place = (number + pairs.length) % pairs.length;
      title.textContent = pairs[place].dataset.name;
      shown.show(pairs[place]);
      if (!dialog.open) dialog.showModal();
    };
    before.addEventListener("click", () => open(place - 1));
    after.addEventListener("click", () => open(place + 1));
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      shown.stop();
      pairs[place].closest(".card").querySelector(".open").focus();
    });
    pairs.forEach((versus, number) => {
      const button = make("button", { type: "button", class: "open" }, "Wipe and blink");
      button.addEventListener("click", () => open(number));
      versus.addEventListener("click", () => open(number));
      versus.closest(".card").append(button);
    });
    dialog.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const name = event.key.toLowerCase();
      if (name === "n") open(place + 1);
      else if (name === "p") open(place - 1);
      else if (!shown.key(name)) return;
      event.preventDefault();
    });
  }

  document.addEventListener("keydown", (event) => {
    if (!active || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (active.key(event.key.toLowerCase())) event.preventDefault();
  });
})();
