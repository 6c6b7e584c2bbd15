// Votes without a reload, says when the vote is counted, and keeps it while there is no network or the server is busy.
import { countdown, fill, learnTime, say, texts } from "./page.js";

const form = document.querySelector(".ballot");
const notice = document.querySelector("[data-says]");
const { ballots, of, status } = form.dataset;
const mayChange = "change" in form.dataset;
const buttons = [...form.querySelectorAll("button")];
const label = (choice) => buttons.find((button) => button.value === choice)?.textContent ?? choice;

/** How soon to ask whether a vote was counted: about a second, then ever more seldom. */
const CHECKS = [1000, 1500, 2500, 4000, 8000, 15000];
/** How long to wait for an answer, and at most before the next attempt. */
const PATIENCE = 10000;
const LONGEST_PAUSE = 15000;

const spread = (pause) => pause * (0.75 + Math.random() / 2);
const wait = (pause) => new Promise((resolve) => setTimeout(resolve, pause));
const tell = (text, choice) => {
  notice.hidden = false;
  say(notice, fill(text, { choice: choice && label(choice) }));
};

// A vote that could not be sent, kept over a reload. Of another opening of the poll it is no vote any more.
const kept = {
  get: () => {
    try { return localStorage.getItem(`vote ${of}`); } catch { return null; }
  },
  set: (choice) => {
    try { localStorage.setItem(`vote ${of}`, choice); } catch { /* a browser that keeps nothing */ }
  },
  clear: () => {
    try { localStorage.removeItem(`vote ${of}`); } catch { /* nothing was kept */ }
  },
};

const show = (choice, sent) => {
  for (const button of buttons) {
    const chosen = button.value === choice;
    button.classList.toggle("chosen", chosen && !sent);
    button.classList.toggle("sent", chosen && sent);
    if (chosen) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
};
// What was accepted of this voter, as far as this page knows.
let standing = buttons.find((button) => button.classList.contains("chosen"))?.value ?? null;
const lock = () => { for (const button of buttons) button.disabled = true; };

const ask = async () => {
  const answer = await fetch(ballots, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  if (!answer.ok) throw new Error(answer.status);
  const state = await answer.json();
  learnTime(state.at);
  return state;
};

// Only the newest choice is worth sending, or asking about.
let turn = 0;

const untilCounted = async (choice, mine) => {
  for (const pause of CHECKS) {
    await wait(spread(pause));
    if (mine !== turn) return;
    const state = await ask().catch(() => null);
    if (mine === turn && state?.choice === choice) {
      return tell(`${texts.counted}${mayChange && state.status === "open" ? ` ${texts.mayChange}` : ""}`, choice);
    }
  }
};

const accepted = (choice, mine) => {
  kept.clear();
  standing = choice;
  show(choice, false);
  if (!mayChange) lock();
  tell(`${texts.accepted}${mayChange ? ` ${texts.mayChange}` : ""}`, choice);
  untilCounted(choice, mine);
};

const refused = async (answer, choice) => {
  kept.clear();
  const body = await answer.json().catch(() => ({}));
  show(standing, false);
  if (body.status === "closed") {
    lock();
    return tell(texts.closed, choice);
  }
  if (body.status) return tell(texts.notOpen);
  if (answer.status === 409) {
    lock();
    tell(texts.already);
    const state = await ask().catch(() => null);
    return show(state?.choice ?? standing, false);
  }
  return tell(texts.failed);
};

/** Waits for the network to come back, but no longer than the pause: what the browser says of it is a guess. */
const networkOr = (pause) => Promise.race([
  wait(spread(pause)),
  new Promise((resolve) => addEventListener("online", resolve, { once: true })),
]);

const cast = async (choice) => {
  const mine = ++turn;
  kept.set(choice);
  show(choice, true);
  tell(texts.sending);
  for (let pause = 1000; mine === turn; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    let answer;
    try {
      answer = await fetch(ballots, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ choice }),
        keepalive: true, signal: AbortSignal.timeout(PATIENCE),
      });
    } catch {
      if (mine !== turn) return;
      tell(texts.offline, choice);
      await networkOr(pause);
      continue;
    }
    if (mine !== turn) return;
    if (answer.status === 202) return accepted(choice, mine);
    if (answer.status < 500 && answer.status !== 429) return refused(answer, choice);
    // The same voter sends it again, so it never counts twice, whatever became of it.
    tell(texts.busy, choice);
    await wait(spread(Math.max(pause, Number(answer.headers.get("Retry-After")) * 1000 || 0)));
  }
};

form.addEventListener("submit", (event) => {
  if (!event.submitter) return;
  event.preventDefault();
  cast(event.submitter.value);
});

/** Asks how the poll stands, and shows the page anew where that has changed. */
const look = async () => {
  const state = await ask().catch(() => null);
  if (!state) return;
  form.dataset.closes = state.closes_at ?? "";
  if (state.status !== status || `${of}`.split(".").pop() !== String(state.generation)) {
    if (!kept.get()) location.reload();
  }
};
const lookSoon = () => setTimeout(look, spread(1000));

const waiting = kept.get();
if (waiting && status === "open" && buttons.some((button) => button.value === waiting)) cast(waiting);
else kept.clear();
if (status === "open" && form.dataset.closes) {
  // Spread out: a crowd opens this page within the same second.
  setTimeout(look, Math.random() * 1000);
  countdown(() => form.dataset.closes, lookSoon);
}
if (status === "draft") setInterval(() => document.hidden || setTimeout(look, Math.random() * 2000), 5000);
document.addEventListener("visibilitychange", () => document.hidden || look());
