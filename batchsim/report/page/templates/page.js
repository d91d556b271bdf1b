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

  function paintNow(printing) {  // a printer does not wait for the next frame
    paint(printing);
    if (typeof Bokeh !== "undefined") for (const view of Bokeh.index.roots) view.repaint?.();
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
  addEventListener("beforeprint", () => paintNow(true));
  addEventListener("afterprint", () => paintNow(false));
  matchMedia("print").addEventListener("change", change => paintNow(change.matches));

  async function draw() {
    const data = document.getElementById("drawn");
    if (data === null) return;
    const {documents, items} = JSON.parse(data.textContent);
    Bokeh.set_log_level("error");
    await Bokeh.embed.embed_items(documents, items);
    if (matchMedia("(pointer: fine)").matches)
      for (const model of models()) if (model.type === "BoxZoomTool") model.active = true;
  }

  draw().then(() => { show(); root.dataset.ready = "true"; });
})();
