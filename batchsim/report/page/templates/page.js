"use strict";
(() => {
  const root = document.documentElement;
  const prefers = matchMedia("(prefers-color-scheme: dark)");
  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme || (prefers.matches ? "dark" : "light")) === "dark";

  function* models() {
    for (const drawn of typeof Bokeh === "undefined" ? [] : Bokeh.documents)
      for (const plot of drawn.roots()) yield* plot.references();
  }

  function paint(printing) {
    const styles = getComputedStyle(root);
    const colour = name => styles.getPropertyValue(printing ? `--print-${name}` : `--${name}`).trim();
    const [ink, soft, line, grid] = ["ink", "soft", "line", "grid"].map(colour);
    for (const model of models()) {
      if (model.type.endsWith("Axis"))
        model.setv({axis_label_text_color: soft, major_label_text_color: soft, axis_line_color: line,
                    major_tick_line_color: line});
      else if (model.type === "Grid") model.setv({grid_line_color: grid});
      else if (model.tags && model.tags.includes("ink")) model.setv({line_color: {value: ink}});
      else if (model.tags && model.tags.includes("ground")) model.setv({line_color: {value: colour("ground")}});
    }
  }

  const PAPER_PX = 680;  // between the margins of A4 and of Letter

  function forPaper(printing) {  // a printer does not wait for the next frame: it gets pictures of the plots
    if (printing === "paper" in root.dataset) return;
    document.querySelectorAll(".paper").forEach(picture => picture.remove());
    delete root.dataset.paper;
    paint(printing);
    for (const view of typeof Bokeh === "undefined" ? [] : Bokeh.index.roots)
      if (printing && view.model.type === "Plot") view.el.parentElement.append(picture(view));
    if (printing) root.dataset.paper = "true";
  }

  function picture(view) {
    const place = view.el.parentElement;
    place.style.width = `${PAPER_PX}px`;
    view.compute_layout();
    for (const each of view.renderer_views.values()) each.set_visuals?.();  // the new colours, which else come later
    const drawn = view.export("svg").canvas;
    drawn.setAttribute("class", "paper");
    drawn.setAttribute("viewBox", `0 0 ${view.bbox.width} ${view.bbox.height}`);
    place.style.width = "";
    view.compute_layout();
    view.request_repaint();
    return drawn;
  }

  function show() {
    button.textContent = isDark() ? "Light" : "Dark";
    paint(false);
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("batchsim-theme", root.dataset.theme); } catch { /* kept nowhere */ }
    show();
  });
  prefers.addEventListener("change", show);
  addEventListener("beforeprint", () => forPaper(true));
  addEventListener("afterprint", () => forPaper(false));
  matchMedia("print").addEventListener("change", change => forPaper(change.matches));

  async function draw() {
    const data = document.getElementById("drawn");
    if (data === null) return;
    const {documents, items} = JSON.parse(data.textContent);
    Bokeh.set_log_level("error");
    await Bokeh.embed.embed_items(documents, items);
    if (matchMedia("(pointer: fine)").matches)
      for (const model of models()) if (model.type === "BoxZoomTool") model.active = true;
  }

  draw().then(() => { show(); root.dataset.ready = performance.now(); });
})();
