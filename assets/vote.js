// Votes without a reload, says when the vote is counted, and keeps it while there is no network or the server is busy.
import { countdown, fill, learnTime, say, texts } from "./page.js";

const form = document.querySelector(".ballot");
const notice = document.querySelector("[data-says]");
const { ballots, of, status } = form.dataset;
const generation = Number(of.split(".")[1]);
const mayChange = "change" in form.dataset;
// Where one votes by code: typed into this field, or else in a cookie that scripts do not see.
const byCode = "code" in form.dataset;
const code = form.elements.code;
const buttons = [...form.querySelectorAll("button")];
const label = (choice) => buttons.find((button) => button.value === choice)?.textContent ?? choice;

/** How soon to ask whether a vote was counted: about a second, then ever more seldom. */
const CHECKS = [1000, 1500, 2500, 4000, 8000, 15000];
/** How long to wait for an answer, and at most before the next attempt. */
const PATIENCE = 10000;
const LONGEST_PAUSE = 15000;
/** How often a page that lies open looks whether the poll is still as it shows it: soon if it is about to open. */
const LOOK = status === "draft" ? 5000 : 45000;

const spread = (pause) => pause * (0.75 + Math.random() / 2);
const wait = (pause) => new Promise((resolve) => setTimeout(resolve, pause));
const tell = (text, choice) => {
  notice.classList.remove("warning");
  say(notice, fill(text, { choice: choice && label(choice) }));
};
const patience = () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), PATIENCE);
  return controller.signal;
};

// A vote that could not be sent, kept over a reload; a code's with this page only, for the next to sit here may have one,
// too. Of another opening of the poll it is no vote any more.
const shelf = () => (byCode ? sessionStorage : localStorage);
const kept = {
  get: () => {
    try { return JSON.parse(shelf().getItem(`vote ${of}`)); } catch { return null; }
  },
  set: (vote) => {
    try { shelf().setItem(`vote ${of}`, JSON.stringify(vote)); } catch { /* a browser that keeps nothing */ }
  },
  clear: () => {
    try { shelf().removeItem(`vote ${of}`); } catch { /* nothing was kept */ }
  },
};
// Who this is where the browser takes no cookies, or which attempt with a code: whatever is sent again is the same
// voter's.
const voter = kept.get()?.voter ?? [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");

const show = (choice, sent) => {
  for (const button of buttons) {
    const chosen = button.value === choice;
    button.classList.toggle("chosen", chosen && !sent);
    button.classList.toggle("sent", chosen && sent);
    if (chosen) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
};
const lock = () => {
  // A disabled button loses the focus: whoever is there goes on from what is said.
  if (form.contains(document.activeElement)) notice.focus();
  for (const button of buttons) button.disabled = true;
};
const withChange = (text, open = true) => (
  byCode ? `${text} ${texts.once}` : mayChange && open ? `${text} ${texts.mayChange}` : text
);

/** How the poll stands; with `credentials: "omit"`, without what was counted of this voter, which costs a look-up. */
const ask = async (options) => {
  const answer = await fetch(ballots, {
    headers: { "Idempotency-Key": voter }, signal: patience(), cache: "no-store", ...options,
  });
  if (!answer.ok) throw new Error(answer.status);
  const state = await answer.json();
  learnTime(state.at);
  return state;
};

// What was accepted of this voter, as far as this page knows; what is on its way; and whether an attempt to send another
// choice broke off, so that nobody knows whether it will arrive yet.
let standing = buttons.find((button) => button.classList.contains("chosen"))?.value ?? null;
let wanted = null;
let sending = false;
let brokeOff = false;

const untilCounted = async (choice) => {
  let state = null;
  for (const pause of CHECKS) {
    await wait(spread(pause));
    if (wanted !== null || standing !== choice) return;
    state = await ask().catch(() => state);
    if (wanted !== null || standing !== choice) return;
    if (byCode ? state?.used : state?.choice === choice) {
      brokeOff = false;
      return tell(withChange(texts.counted, state.status === "open"), choice);
    }
  }
  if (!state?.choice) return;
  // Another choice was counted last: an attempt of ours that had broken off, or one from elsewhere.
  if (brokeOff) {
    brokeOff = false;
    return cast(choice);
  }
  standing = state.choice;
  show(standing, false);
  tell(withChange(texts.yours, state.status === "open"), standing);
};

const accepted = (choice) => {
  kept.clear();
  standing = choice;
  show(choice, false);
  if (!mayChange) lock();
  tell(withChange(texts.accepted), choice);
  // What was typed is not kept anywhere that could ask.
  if (code) code.closest("div").hidden = true;
  else untilCounted(choice);
};

/** Asks for another code than what was typed. */
const askAgain = (why) => {
  code.setAttribute("aria-invalid", "true");
  code.focus();
  tell(why);
  notice.classList.add("warning");
};

const refused = async (answer, choice) => {
  kept.clear();
  const body = await answer.json().catch(() => ({}));
  show(standing, false);
  if (code) code.readOnly = false;
  if (body.status === "closed") {
    lock();
    // What was counted before stays counted.
    const before = standing ? ` ${fill(texts.yours, { choice: label(standing) })}` : "";
    return tell(`${fill(texts.closed, { choice: label(choice) })}${before}`);
  }
  if (body.status) return tell(texts.notOpen);
  if (byCode && answer.status === 403) return code ? askAgain(texts.wrong) : location.replace("?code=wrong");
  // The poll is gone, or nobody is signed in any more: the page says so, and what to do.
  if (answer.status === 404 || answer.status === 401) return location.reload();
  if (answer.status !== 409) return tell(texts.failed);
  if (code) return askAgain(texts.already);
  lock();
  tell(texts.already);
  notice.classList.add("warning");
  const state = await ask().catch(() => null);
  standing = state?.choice ?? standing;
  show(standing, false);
};

/** Waits for the network to come back, but no longer than the pause: what the browser says of it is a guess. */
const networkOr = (pause) => Promise.race([
  wait(spread(pause)),
  new Promise((resolve) => addEventListener("online", resolve, { once: true })),
]);

const send = (choice) => fetch(ballots, {
  method: "POST", headers: { "Content-Type": "application/json", "Idempotency-Key": voter },
  body: JSON.stringify({ choice, code: code?.value }), keepalive: true, signal: patience(),
});

/** Whether to send an answer's vote again: the server, or the way there, was too busy. */
const isBusy = (answer) => answer.status >= 500 || answer.status === 429 || answer.status === 408;

/** Sends what is wanted, one attempt after the other: two at a time might arrive in any order. */
const deliver = async () => {
  for (let pause = 1000; wanted !== null; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
    const choice = wanted;
    const answer = await send(choice).catch(() => null);
    if (answer && !isBusy(answer)) {
      if (wanted !== choice) continue;
      wanted = null;
      if (answer.status === 202) accepted(choice);
      else await refused(answer, choice);
      continue;
    }
    if (!answer) brokeOff = true;
    // The same voter sends it again, so it never counts twice, whatever became of it.
    tell(answer ? texts.busy : texts.offline, wanted);
    const after = Number(answer?.headers.get("Retry-After")) * 1000 || 0;
    await (answer ? wait(spread(Math.max(pause, after))) : networkOr(pause));
    const state = await ask({ credentials: "omit" }).catch(() => null);
    if (state && state.generation !== generation) {
      // Reset, or opened again: what was meant for the poll as it was is no vote in what it is now.
      kept.clear();
      return location.reload();
    }
  }
};

const cast = async (choice) => {
  wanted = choice;
  kept.set({ choice, voter, code: code?.value });
  if (code) {
    // Whatever is sent again is sent with the same code.
    code.readOnly = true;
    code.removeAttribute("aria-invalid");
  }
  show(choice, true);
  tell(texts.sending);
  if (sending) return;
  sending = true;
  await deliver();
  sending = false;
};

form.addEventListener("submit", (event) => {
  if (!event.submitter) return;
  event.preventDefault();
  cast(event.submitter.value);
});

/** Asks how the poll stands, and shows the page anew where that has changed. */
const look = async () => {
  const state = await ask({ credentials: "omit" }).catch((error) => ({ gone: error.message === "404" }));
  if (state.gone) return location.reload();
  if (!state.status || wanted !== null) return;
  form.dataset.closes = state.closes_at ?? "";
  if (state.status !== status || state.generation !== generation) location.reload();
};
const lookNowAndThen = async () => {
  for (;;) {
    await wait(spread(LOOK));
    if (!document.hidden) await look();
  }
};

const waiting = kept.get();
if (code && waiting?.code) code.value = waiting.code;
if (status === "open" && buttons.some((button) => button.value === waiting?.choice)) cast(waiting.choice);
else kept.clear();
countdown(() => status === "open" && form.dataset.closes, () => setTimeout(look, spread(1000)));
// For its clock, where there is one to count down by. Spread out: a crowd opens this page within the same second.
if (form.dataset.closes) setTimeout(look, Math.random() * 1000);
lookNowAndThen();
document.addEventListener("visibilitychange", () => document.hidden || look());
