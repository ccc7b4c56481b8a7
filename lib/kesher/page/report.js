// Unpacks plotly.js from the page itself, draws every chart for the width at hand, and keeps them whole on paper.
(() => {
  "use strict";
  const WIDE = 560, PRINT = 690, OWN = 480; // pixels: smallest wide figure, paper, smallest figure without a narrow one
  const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;.=>?@^_`{|}~";
  const root = document.documentElement;
  const read = id => JSON.parse(document.getElementById(id).textContent);
  const plots = [...document.querySelectorAll(".plot")];
  const style = read("chart-style");
  const specs = new Map(plots.map(plot => [plot, read(plot.dataset.figures)]));
  const shown = new Map(), still = new Set(); // which figure a plot shows; plots that could not be drawn

  // The figure for a width: a phone's has its labels above the marks.
  const choose = (plot, width) => width < WIDE && specs.get(plot).narrow ? "narrow" : "wide";

  async function draw(plot, width) {
    const which = choose(plot, width || plot.clientWidth), spec = specs.get(plot);
    if (!width && !spec.narrow && plot.clientWidth < OWN) width = OWN; // its box scrolls
    const layout = { ...spec[which].layout, width: width || undefined, autosize: !width };
    if (spec.narrow) layout.template = style.template; // ours, not a strategist's own
    if (!shown.has(plot)) plot.replaceChildren();
    shown.set(plot, which);
    await Plotly.react(plot, spec[which].data, layout, style.config);
  }

  async function attempt(plot, width) { // one chart that can not be drawn leaves the others alone
    if (still.has(plot)) return;
    try { await draw(plot, width) } catch (reason) { fallBack(reason, [plot]) }
  }

  function fallBack(reason, failed = plots) { // no live chart: the static picture that readers without scripts see
    for (const plot of failed) {
      const picture = plot.parentElement.querySelector("noscript");
      still.add(plot);
      try { Plotly.purge(plot) } catch { /* nothing of it was drawn */ }
      plot.innerHTML = picture ? picture.textContent : ""; // our own markup, written by the page's maker
    }
    root.dataset.failed = String(reason && reason.message || reason);
  }

  function unpacked(text) { // base85: five digits for four bytes
    const values = new Uint8Array(128);
    for (let digit = 0; digit < 85; digit++) values[DIGITS.charCodeAt(digit)] = digit;
    const full = text.padEnd(Math.ceil(text.length / 5) * 5, "~");
    const bytes = new DataView(new ArrayBuffer(full.length / 5 * 4));
    for (let at = 0; at < full.length; at += 5) {
      let word = 0;
      for (let next = at; next < at + 5; next++) word = word * 85 + values[full.charCodeAt(next)];
      bytes.setUint32(at / 5 * 4, word);
    }
    return bytes.buffer.slice(0, bytes.byteLength - (full.length - text.length));
  }

  async function library() {
    const packed = document.getElementById("plotly-js");
    const stream = new Blob([unpacked(packed.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
    const script = document.createElement("script"); // its hash stands in the page's policy
    script.textContent = await new Response(stream).text();
    document.head.append(script);
    packed.remove();
    if (!window.Plotly) throw new Error("plotly.js did not start");
  }

  function watch() {
    let waiting = 0, opened = [];
    const again = () => plots.filter(plot => !specs.get(plot).narrow || choose(plot, plot.clientWidth) !== shown.get(plot))
      .forEach(plot => attempt(plot));
    addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(again, 120) });
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("details:not(.figures):not([open])")];
      for (const fold of opened) fold.open = true;
      for (const plot of plots) attempt(plot, PRINT);
    });
    addEventListener("afterprint", () => {
      for (const fold of opened) fold.open = false;
      for (const plot of plots) attempt(plot);
    });
  }

  async function start() {
    watch();
    if (plots.length) await library();
    for (const plot of plots) await attempt(plot);
    root.dataset.drawn = String(document.querySelectorAll(".plot .main-svg").length && plots.length);
  }

  start().catch(fallBack);
})();
