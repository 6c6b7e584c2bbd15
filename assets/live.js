// Follows the event stream of a poll and shows what it says in the page's table of bars.
import { learnTime, number, percent, say, texts, unit } from "./page.js";

/** Shows a snapshot; false where the page is not the one for it. */
const show = (live, view) => {
  const find = (name) => live.querySelector(`[data-${name}]`);
  const state = view.final ? "final" : view.status;
  say(find("title"), view.title);
  const place = live.querySelector(".state");
  say(place, texts[state]);
  place.dataset.state = state;
  live.dataset.closes = view.status === "open" ? view.closes_at ?? "" : "";
  find("bars").hidden = view.hidden;
  if (view.hidden) return true;
  say(find("total"), number(view.total));
  say(find("unit"), unit(view.total));
  if (live.querySelectorAll("[data-key]").length !== view.options.length) return false;
  const most = Math.max(...view.options.map((option) => option.votes), 1);
  for (const option of view.options) {
    const row = live.querySelector(`[data-key="${option.key}"]`);
    if (!row) return false;
    say(row.querySelector("th"), option.label);
    row.classList.toggle("ahead", option.votes === most);
    const bar = row.querySelector("progress");
    bar.max = Math.max(view.total, 1);
    bar.value = option.votes;
    say(row.querySelector("[data-votes]"), number(option.votes));
    say(row.querySelector("[data-percent]"), percent(option.votes, view.total));
  }
  return true;
};

/**
 * Watches the poll that `live` shows, from the version it shows; calls `seen` with each snapshot and its state.
 * It reconnects by itself and never goes back, unless the server says that the poll did.
 */
export const watch = (live, seen) => {
  let { id, version } = live.dataset;
  version = Number(version);
  const connection = live.querySelector("[data-connection]");
  const gone = () => {
    live.toggleAttribute("data-gone", true);
    say(connection, texts.gone);
  };
  const connect = () => {
    const address = new URL(live.dataset.events, location);
    address.searchParams.set("seen", `${id}.${version}`);
    const events = new EventSource(address);
    events.addEventListener("snapshot", (event) => {
      const view = JSON.parse(event.data);
      if (view.id === id && view.version <= version) return;
      ({ id, version } = view);
      learnTime(view.at);
      if (!show(live, view)) return location.reload();
      seen(view, view.final ? "final" : view.status);
    });
    events.addEventListener("reset", () => { version = -1; });
    events.addEventListener("gone", () => {
      events.close();
      gone();
    });
    events.onopen = () => say(connection, "");
    events.onerror = () => {
      say(connection, texts.reconnecting);
      // A browser comes back by itself after a stream that broke, but not after an answer such as 503.
      if (events.readyState === EventSource.CLOSED) setTimeout(again, 1000 + Math.random() * 4000);
    };
  };
  /** Connects again, unless there is nothing to connect to: the stream itself does not say why it was refused. */
  const again = async () => {
    const answer = await fetch(live.dataset.poll, { cache: "no-store" }).catch(() => null);
    if (answer?.status === 404) return gone();
    if (answer?.status === 401) return location.reload();
    connect();
  };
  connect();
};
