// The wall, alive: quotes come in by themselves, are liked and found without a reload. Without it, its forms do the same.
import { learn } from "./cards.js";
import { likeInPlace } from "./likes.js";
import { SHOWN, follow, forget } from "./lists.js";
import { fullScreen, localTimes, number, say, texts, unit } from "./page.js";
import { searchInPlace } from "./search.js";

const wall = document.querySelector("[data-wall]");
const find = (name) => document.querySelector(`[data-${name}]`);
const notice = find("says");
const tell = (text) => {
  notice.classList.toggle("warning", text !== texts.posted);
  say(notice, text);
};

learn(document.querySelectorAll("li[data-quote]"));
likeInPlace(tell);
searchInPlace(wall, tell);
fullScreen(find("full-screen"));

const lists = Object.entries({ new: "newest", top: "top" })
  .map(([kind, name]) => [document.querySelector(`[data-list=${kind}]`), name])
  .filter(([section]) => section)
  .map(([section, name]) => follow(section, name));

const take = (seen) => {
  // Many are counted only now and then; few are all here.
  const total = seen.newest.length < SHOWN ? seen.newest.length : Math.max(seen.total, SHOWN);
  say(find("total"), number(total));
  say(find("unit"), unit(total));
  find("empty").hidden = total > 0;
  forget(seen);
  for (const list of lists) list.take(seen);
};

/** Follows the stream: it says all there is to see each time, so whoever comes back has missed nothing. */
const connect = () => {
  const events = new EventSource(wall.dataset.events);
  events.addEventListener("quotes", (event) => take(JSON.parse(event.data)));
  events.onopen = () => say(find("connection"), "");
  events.onerror = () => {
    say(find("connection"), texts.reconnecting);
    // A browser comes back by itself after a stream that broke, but not after an answer such as 503.
    if (events.readyState === EventSource.CLOSED) setTimeout(connect, 1000 + Math.random() * 4000);
  };
};
if (wall.dataset.events) connect();

// On a narrow screen one order is seen at a time.
for (const tab of document.querySelectorAll("[data-tab]")) {
  tab.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    for (const other of document.querySelectorAll("[data-tab]")) other.removeAttribute("aria-current");
    tab.setAttribute("aria-current", "true");
    wall.dataset.order = tab.dataset.tab;
    history.replaceState(null, "", tab.href);
  });
}

const form = find("add");
form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.ariaDisabled) return;
  button.ariaDisabled = "true";
  const { quote } = form.elements;
  const answer = await fetch("/quotes", {
    method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify({ quote: quote.value }),
  }).catch(() => null);
  button.ariaDisabled = null;
  if (answer?.status === 401) return location.reload();
  if (!answer?.ok) return tell(!answer ? texts.offline : answer.status === 429 ? texts.wait : texts.failed);
  quote.value = "";
  tell(texts.posted);
  if (!wall.dataset.events) location.assign("/wall");
  for (const list of lists) list.release();
});

localTimes(document);
