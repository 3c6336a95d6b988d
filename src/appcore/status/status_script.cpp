#include "appcore/status/status_assets.hpp"

namespace appcore::status {

// `formats` and `plot` are those of status_format.cpp, `show` is fill_template().
Asset status_script() {
    return {R"js(
"use strict";
const every = 2000;  // milliseconds between two refreshes
const patience = 5000;  // after which an answer is not waited for any longer
const unknown = "\u2013";

const fixed = (value, decimals) => value.toLocaleString("en-US",
  { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
const whole = value => fixed(Math.floor(value), 0);
const formats = {
  count: value => fixed(value, 0),
  rate: value => fixed(value, value === 0 || value >= 100 ? 0 : value < 10 ? 2 : 1) + "/s",
  percent: ratio => {
    const value = ratio * 100;
    if (value === 0) return "0 %";
    return value < 0.01 ? "< 0.01 %" : fixed(value, value < 10 ? 2 : 1) + " %";
  },
  ms: value => {
    if (value >= 37300) return "\u2265 37 s";
    if (value >= 1000) return fixed(value / 1000, 1) + " s";
    return fixed(value, value < 1 ? 2 : value < 100 ? 1 : 0) + " ms";
  },
  bytes: value => fixed(value / 1048576, 1) + " MiB",
  duration: s => {
    if (s < 10) return fixed(s, 1) + " s";
    if (s < 120) return whole(s) + " s";
    if (s < 7200) return whole(s / 60) + " min";
    if (s < 172800) return whole(s / 3600) + " h " + whole(s % 3600 / 60) + " min";
    return whole(s / 86400) + " d " + whole(s % 86400 / 3600) + " h";
  },
};
const numbers = values => values.filter(value => typeof value === "number");
const largest = values => Math.max(0, ...numbers(values));

const format = (name, value) => {
  if (typeof value === "string") {
    if (name === "clock") return value.length > 18 ? value.slice(11, 19) + " UTC" : unknown;
    return name === "text" ? value : unknown;
  }
  if (name === "text") {
    if (Array.isArray(value)) return value.join(", ") || unknown;
    return Number.isInteger(value) ? String(value) : unknown;
  }
  if (Array.isArray(value)) value = numbers(value).length ? largest(value) : null;
  return typeof value === "number" && name in formats ? formats[name](value) : unknown;
};

const plot = (values, area) => {
  const top = largest(values);
  const scale = top > 0 ? 18 / top : 0;
  let path = "", gap = true;
  const endRun = () => { if (area && !gap) path += "V19Z"; gap = true; };
  values.forEach((value, i) => {
    const x = 60 - values.length + i;
    if (typeof value !== "number" || x < 0) return endRun();
    path += (gap ? "M" : "L") + x + (gap && area ? " 19V" : " ") + (19 - value * scale).toFixed(2) +
      (gap ? "h0.5" : "");
    gap = false;
  });
  endRun();
  return path;
};

const put = (element, data) => {
  const value = element.dataset.value.split("/").slice(1).reduce((o, key) => o?.[key], data);
  const as = element.dataset.as;
  if (as === "line" || as === "area") {
    return element.setAttribute("d", plot(value ?? [], as === "area"));
  }
  const text = format(as === "state" || as === "mark" ? "text" : as, value);
  if (as === "state" || as === "mark") element.dataset.state = text;
  if (as !== "mark" && element.textContent !== text) element.textContent = text;
};

const show = report => {
  document.querySelectorAll("[data-value]:not([data-each] *)").forEach(e => put(e, report));
  for (const list of document.querySelectorAll("[data-each]")) {
    const source = list.dataset.each.split("/").slice(1).reduce((o, key) => o?.[key], report) ?? {};
    const items = Object.entries(source).map(([key, value]) =>
      value !== null && typeof value === "object" ? value : { key, value });
    while (list.children.length > items.length + 1) list.lastElementChild.remove();
    while (list.children.length < items.length + 1) {
      list.append(list.querySelector("template").content.cloneNode(true));
    }
    items.forEach((item, i) => {
      const row = list.children[i + 1];
      for (const e of [row, ...row.querySelectorAll("[data-value]")]) {
        if (e.dataset.value) put(e, item);
      }
    });
  }
};

const note = document.getElementById("note");
const say = text => { if (note.textContent !== text) note.textContent = text; };
let good = performance.now();
let timer, busy = false;

const refresh = async () => {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  try {
    const reply = await fetch(location.href, { headers: { Accept: "application/json" },
      cache: "no-store", signal: AbortSignal.timeout(patience) });
    if (!reply.ok) throw new Error("status " + reply.status);
    show(await reply.json());
    good = performance.now();
    document.body.classList.remove("old");
    say(", refreshed every " + every / 1000 + " s");
  } catch (error) {
    document.body.classList.add("old");
    say(", " + formats.duration((performance.now() - good) / 1000) +
        " ago: cannot refresh (" + error.message + ")");
  }
  busy = false;
  if (!document.hidden) timer = setTimeout(refresh, every);
};
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
refresh();
)js",
            "0v6iXw+A6IOkZ+E6WVWczcGRsUQCJyTo8+521GyCYbI="};
}

}  // namespace appcore::status
