// Inflates plotly.js from the page itself, draws every chart for the width at hand, and keeps them whole on paper.
(() => {
  "use strict";
  const WIDE = 560, PRINT = 690, OWN = 480; // pixels: smallest wide figure, paper, smallest figure without a narrow one
  const root = document.documentElement;
  const plots = [...document.querySelectorAll(".plot")];
  const config = JSON.parse(document.getElementById("chart-config").textContent);
  const specs = new Map(plots.map(plot => [plot, JSON.parse(document.getElementById(plot.dataset.figures).textContent)]));
  const shown = new Map();

  // The figure for a width: a phone's has its labels above the marks.
  function choose(plot, width) {
    const spec = specs.get(plot);
    return width < WIDE && spec.narrow ? "narrow" : "wide";
  }

  async function draw(plot, width) {
    const which = choose(plot, width || plot.clientWidth);
    const figure = specs.get(plot)[which];
    if (!width && !specs.get(plot).narrow && plot.clientWidth < OWN) width = OWN; // its box scrolls
    const layout = { ...figure.layout, width: width || undefined, autosize: !width };
    if (shown.get(plot) === undefined) plot.replaceChildren();
    shown.set(plot, which);
    await Plotly.react(plot, figure.data, layout, config);
  }

  function fallBack(reason) { // no live chart: the static picture that readers without scripts see
    for (const plot of plots) {
      const still = plot.parentElement.querySelector("noscript");
      if (still) plot.innerHTML = still.textContent; // our own markup, written by the page's maker
    }
    root.dataset.failed = String(reason && reason.message || reason);
  }

  async function library() {
    const packed = document.getElementById("plotly-js");
    const bytes = Uint8Array.from(atob(packed.textContent), letter => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script"); // its hash stands in the page's policy
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    packed.remove();
    if (!window.Plotly) throw new Error("plotly.js did not start");
  }

  function watch() {
    let waiting = 0;
    const again = () => {
      for (const plot of plots)
        if (!specs.get(plot).narrow || choose(plot, plot.clientWidth) !== shown.get(plot)) draw(plot);
    };
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(again, 120) });
    const folds = [...document.querySelectorAll("details:not(.figures)")];
    let opened = [];
    addEventListener("beforeprint", () => {
      opened = folds.filter(fold => !fold.open);
      for (const fold of opened) fold.open = true;
      for (const plot of plots) draw(plot, PRINT);
    });
    addEventListener("afterprint", () => {
      for (const fold of opened) fold.open = false;
      for (const plot of plots) draw(plot);
    });
  }

  async function start() {
    watch();
    if (plots.length) {
      await library();
      for (const plot of plots) await draw(plot);
    }
    root.dataset.drawn = String(document.querySelectorAll(".plot .main-svg").length && plots.length);
  }

  start().catch(fallBack);
})();
