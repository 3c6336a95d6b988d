// Fetches the page again and changes only what differs: what has the focus, is selected or scrolled stays so, and a
// screen reader reads out what is new in the live regions only.
"use strict";

const every = 2000; // milliseconds between two refreshes
const patience = 5000; // after which a reply is given up

const note = document.getElementById("note");
const pause = document.getElementById("pause");
let timer = 0;
let isBusy = false;
let isPaused = false;
let isSpoiled = false; // the last refresh has failed

const say = text => {
  if (note.textContent !== text) note.textContent = text;
};

// Makes `old` equal to `fresh`, which may lose its nodes.
const update = (old, fresh) => {
  if (old.nodeName !== fresh.nodeName) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const children = [...fresh.childNodes];
  children.forEach((child, i) => {
    if (i < old.childNodes.length) update(old.childNodes[i], child);
    else old.append(child);
  });
  while (old.childNodes.length > children.length) old.lastChild.remove();
};

const part = (page, id) => page.getElementById(id)?.textContent;

const show = page => {
  const live = page.getElementById("live");
  if (!live) throw new Error("that is not the status page");
  // From another version of the program: its markup does not fit this style and script.
  if (["page-style", "page-script"].some(id => part(page, id) !== part(document, id))) {
    location.reload();
    return;
  }
  document.title = page.title;
  update(document.getElementById("live"), live);
};

const asOf = () => part(document, "as-of");

const fetchPage = async () => {
  const reply = await fetch(location.href, {
    headers: { Accept: "text/html" },
    cache: "no-store",
    signal: AbortSignal.timeout(patience),
  });
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return new DOMParser().parseFromString(await reply.text(), "text/html");
};

const refresh = async () => {
  clearTimeout(timer);
  if (isBusy || isPaused) return;
  isBusy = true;
  try {
    const page = await fetchPage();
    if (!isPaused) show(page);
    isSpoiled = false;
  } catch (error) {
    isSpoiled = true;
    if (!isPaused) say(`Cannot refresh (${error.message}): the numbers are those of ${asOf()}.`);
  }
  isBusy = false;
  document.body.classList.toggle("old", isSpoiled);
  if (isPaused) return;
  if (!isSpoiled) say(`Refreshed every ${every / 1000} s.`);
  if (!document.hidden) timer = setTimeout(refresh, every);
};

pause.addEventListener("click", () => {
  isPaused = !isPaused;
  pause.textContent = isPaused ? "Resume" : "Pause";
  if (isPaused) say(`Paused at ${asOf()}.`);
  else refresh();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});

pause.hidden = false;
refresh();
