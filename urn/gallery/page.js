"use strict";
(() => {
  const data = window.gallery;
  const $ = (id) => document.getElementById(id);
  const [grid, room, viewer, keys] = ["grid", "room", "viewer", "keys"].map($);
  const VERDICTS = { a: "accept", r: "reject", n: "needs work" };
  const place = `urn-gallery:${data.dataset}`; // of the verdicts in the browser

  // What deserves a look first. Images of which a number is not known come last.
  const by = (key, sign) => (a, b) =>
    (a[key] === null) - (b[key] === null) || sign * (a[key] - b[key]);
  const SORTS = {
    "most uncertain": { key: "uncertainty", compare: by("uncertainty", -1) },
    "most disagreement": { key: "disagreement", compare: by("disagreement", -1) },
    "lowest mIoU": { key: "miou", compare: by("miou", 1) },
    "order of the dataset": { compare: () => 0 },
  };

  let verdicts = load();
  let shown = []; // images that pass the filters, sorted
  let chosen = 0;
  let layer = 0;
  let layout = { columns: 1, width: 1, height: 1 };
  const cards = new Map(); // position among the shown -> element

  function load() {
    try {
      return JSON.parse(localStorage.getItem(place)) || {};
    } catch {
      return {};
    }
  }

  function save() {
    try {
      localStorage.setItem(place, JSON.stringify(verdicts));
    } catch {
      $("count").textContent = "This browser keeps nothing: download review.csv before you leave.";
    }
  }

  function element(tag, properties = {}, ...children) {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...children);
    return made;
  }

  function layerOf(image) {
    return Math.min(layer, data.layers[image.split].length - 1);
  }

  function source(image) {
    return `${image.preview}.${layerOf(image)}.png`;
  }

  const unbroken = (text) => text.replaceAll(" ", "\u00a0");

  function facts(image) {
    const tags = element("span", { title: image.tags.map((id) => data.classes[id]).join(", ") });
    for (const id of image.tags) {
      const swatch = element("i", { className: "swatch" });
      swatch.style.background = `rgb(${data.colours[id]})`;
      tags.append(swatch, `${data.classes[id]} `);
    }
    const numbers = [
      image.split,
      image.uncertainty === null ? "" : `uncertain ${(100 * image.uncertainty).toFixed(0)} %`,
      image.disagreement === null ? "" : `disagree ${(100 * image.disagreement).toFixed(0)} %`,
      image.miou === null ? "" : `mIoU ${image.miou.toFixed(0)}`,
    ];
    return [
      element("span", { textContent: image.id, title: image.id }),
      tags,
      element("span", { textContent: numbers.filter(Boolean).map(unbroken).join("\u00a0· ") }),
    ];
  }

  // The grid: only the rows in view are in the page.

  function measure() {
    const wide = grid.clientWidth;
    const columns = Math.max(2, Math.floor(wide / 230));
    const width = wide / columns;
    layout = { columns, width, height: Math.round(width * 0.75) + 82 };
    room.style.height = `${Math.ceil(shown.length / columns) * layout.height}px`;
  }

  function draw(anew = false) {
    if (anew) {
      cards.forEach((card) => card.remove());
      cards.clear();
    }
    const first = Math.max(0, Math.floor(grid.scrollTop / layout.height) - 1);
    const last = Math.ceil((grid.scrollTop + grid.clientHeight) / layout.height) + 1;
    const [from, to] = [first * layout.columns, Math.min(last * layout.columns, shown.length)];
    for (const [position, card] of cards) {
      if (position < from || position >= to) {
        card.remove();
        cards.delete(position);
      }
    }
    for (let position = from; position < to; position++) {
      if (!cards.has(position)) cards.set(position, card(position));
    }
  }

  function card(position) {
    const image = shown[position];
    const photo = element("img", { className: "photo", src: `${image.preview}.jpg`, alt: image.id });
    const mask = element("img", { className: "mask", src: source(image), alt: "" });
    const text = element("p", { className: "facts" }, ...facts(image));
    const stack = element("div", { className: "stack" }, photo, mask);
    const made = element("div", { className: "card" }, element("div", {}, stack, text));
    const { columns, width, height } = layout;
    Object.assign(made.style, {
      left: `${(position % columns) * width}px`,
      top: `${Math.floor(position / columns) * height}px`,
      width: `${width}px`,
      height: `${height}px`,
    });
    made.dataset.verdict = verdicts[image.id] || "";
    made.dataset.id = image.id;
    made.classList.toggle("chosen", position === chosen);
    made.onclick = () => {
      choose(position);
      enlarge();
    };
    room.append(made);
    return made;
  }

  function refresh() {
    const [sort, class_, split, verdict, name] = ["sort", "class", "split", "verdict", "name"].map(
      (id) => $(id).value,
    );
    const before = shown[chosen];
    shown = data.images.filter((image) => {
      const given = verdicts[image.id] || "none";
      return (
        (!class_ || image.tags.includes(+class_)) &&
        (!split || image.split === split) &&
        (!verdict || given === verdict) &&
        image.id.toLowerCase().includes(name.toLowerCase())
      );
    });
    shown.sort(SORTS[sort].compare);
    chosen = Math.max(0, shown.indexOf(before));
    tell();
    $("none").hidden = shown.length > 0;
    measure();
    grid.scrollTop = 0;
    draw(true);
    if (before) choose(chosen);
  }

  function tell() {
    const judged = Object.keys(verdicts).length;
    $("download").disabled = !judged;
    $("count").textContent =
      `${shown.length} of ${data.images.length} images` + (judged ? `, ${judged} judged` : "");
  }

  function choose(position) {
    if (!shown.length) return;
    cards.get(chosen)?.classList.remove("chosen");
    chosen = Math.min(Math.max(position, 0), shown.length - 1);
    const top = Math.floor(chosen / layout.columns) * layout.height;
    if (top < grid.scrollTop) grid.scrollTop = top;
    const hidden = top + layout.height - grid.scrollTop - grid.clientHeight;
    if (hidden > 0) grid.scrollTop += hidden;
    draw();
    cards.get(chosen)?.classList.add("chosen");
    if (viewer.open) enlarge();
  }

  function enlarge() {
    const image = shown[chosen];
    if (!image) return;
    viewer.querySelector(".photo").src = `${image.preview}.jpg`;
    viewer.querySelector(".mask").src = source(image);
    const at = element("span", { textContent: `${chosen + 1} of ${shown.length}` });
    viewer.querySelector(".facts").replaceChildren(...facts(image), at);
    $("shown").textContent = data.layers[image.split][layerOf(image)];
    for (const [key, verdict] of Object.entries(VERDICTS)) {
      const given = verdicts[image.id] === verdict;
      const button = viewer.querySelector(`[data-key="${key}"]`);
      button.classList.toggle("on", given);
      button.setAttribute("aria-pressed", given);
    }
    if (!viewer.open) viewer.showModal();
  }

  function judge(verdict) {
    const image = shown[chosen];
    if (!image) return;
    if (verdicts[image.id] === verdict) delete verdicts[image.id];
    else verdicts[image.id] = verdict;
    save();
    const card = cards.get(chosen);
    if (card) card.dataset.verdict = verdicts[image.id] || "";
    tell();
    if (viewer.open) enlarge();
  }

  function nextLayer(number) {
    layer = number;
    $("layer").value = layer;
    draw(true);
    choose(chosen);
  }

  function strength(value) {
    $("strength").value = value;
    document.documentElement.style.setProperty("--strength", $("strength").value / 100);
  }

  function download() {
    const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
    const rows = data.images
      .filter((image) => verdicts[image.id])
      .map((image) => `${quoted(image.id)},${verdicts[image.id]}\n`);
    const file = new Blob(["image,verdict\n", ...rows], { type: "text/csv" });
    const link = element("a", { href: URL.createObjectURL(file), download: "review.csv" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  function press(key) {
    const move = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -layout.columns,
      ArrowDown: layout.columns,
    }[key];
    if (move) choose(chosen + move);
    else if (VERDICTS[key]) judge(VERDICTS[key]);
    else if (key === "Enter") enlarge();
    else if (key === "Escape") viewer.close();
    else if (key === "+" || key === "=") strength(+$("strength").value + 10);
    else if (key === "-") strength(+$("strength").value - 10);
    else if (key === "l") nextLayer((layer + 1) % $("layer").options.length);
    else if (key === "/") $("name").focus();
    else if (key === "?") keys.showModal();
    else return false;
    return true;
  }

  document.title = `${data.dataset}: gallery`;
  $("title").textContent = `${data.dataset}: ${data.images.length} images`;
  for (const [name, { key }] of Object.entries(SORTS)) {
    if (!key || data.images.some((image) => image[key] !== null)) $("sort").append(new Option(name));
  }
  const used = new Set(data.images.flatMap((image) => image.tags));
  data.classes.forEach((name, id) => used.has(id) && $("class").append(new Option(name, id)));
  for (const split of Object.keys(data.layers)) $("split").append(new Option(split));
  const most = Math.max(...Object.values(data.layers).map((names) => names.length));
  for (let i = 0; i < most; i++) {
    const names = Object.values(data.layers).map((all) => all[i]).filter(Boolean);
    $("layer").append(new Option([...new Set(names)].join(" / "), i));
  }
  for (const id of ["sort", "class", "split", "verdict"]) $(id).onchange = refresh;
  $("name").oninput = refresh;
  $("layer").onchange = (event) => nextLayer(+event.target.value);
  $("strength").oninput = (event) => strength(event.target.value);
  $("download").onclick = download;
  $("help").onclick = () => keys.showModal();
  viewer.querySelectorAll("[data-key]").forEach((button) => {
    button.onclick = () => press(button.dataset.key);
  });
  grid.onscroll = () => draw();
  window.onresize = () => {
    measure();
    draw(true);
    choose(chosen);
  };
  document.onkeydown = (event) => {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (typing || keys.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.tagName === "BUTTON" && event.key === "Enter") return;
    if (press(event.key)) event.preventDefault();
  };
  $("controls").open = window.innerWidth > 500;
  strength(60);
  refresh();
  grid.focus();
})();
