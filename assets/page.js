// What the scripts of several pages need: the reader's language, numbers and times in it, and the server's clock.
const language = document.documentElement.lang;
const whole = new Intl.NumberFormat(language);
const share = new Intl.NumberFormat(language, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const plural = new Intl.PluralRules(language);
// English is written in many ways: times as the reader writes them, where that is the language of the page.
const locale = navigator.languages.find((one) => one.split("-")[0] === language) ?? language;
const moment = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

/** What the page's template says, by name. */
export const texts = document.querySelector("[data-texts]")?.dataset ?? {};

/** A text with the values in braces filled in. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);

/** A whole number as the reader writes it. */
export const number = (value) => whole.format(value);

/** A part of a whole in percent. */
export const percent = (part, all) => share.format(part / Math.max(all, 1));

/** "vote" or "votes", by how many. */
export const unit = (count) => (plural.select(count) === "one" ? texts.one : texts.other);

/** Sets a text, and leaves it alone where it is the same: nobody's selection or announcement is disturbed. */
export const say = (element, text) => {
  if (element && element.textContent !== text) element.textContent = text;
};

// How far the server's clock is ahead of one that nobody sets, in milliseconds. What the server says takes time to come,
// so whatever makes it latest is nearest to the truth.
let ahead = -Infinity;

/** Learns the server's time from what it has said. */
export const learnTime = (at) => { ahead = Math.max(ahead, new Date(at).getTime() - performance.now()); };

/** The server's time; this device's, as long as the server has said nothing. */
export const now = () => (Number.isFinite(ahead) ? performance.now() + ahead : Date.now());

/** Shows the times within an element in the reader's own zone. */
export const localTimes = (within) => {
  for (const time of within.querySelectorAll("time[datetime]")) {
    const at = new Date(time.dateTime);
    time.textContent = "clock" in time.dataset
      ? at.toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" })
      : moment.format(at);
  }
};

/** Counts down to what `until` says, in every element for countdowns; calls `over` when that time comes. */
export const countdown = (until, over = () => {}) => {
  const places = document.querySelectorAll("[data-countdown]");
  let due = null;
  const tick = () => {
    const at = until();
    const left = at ? Math.ceil((new Date(at).getTime() - now()) / 1000) : 0;
    const two = (part) => String(part).padStart(2, "0");
    const hours = Math.floor(left / 3600);
    const clock = `${hours ? `${hours}:${two(Math.floor(left / 60) % 60)}` : Math.floor(left / 60)}:${two(left % 60)}`;
    for (const place of places) say(place, left > 0 && left < 86400 ? clock : "");
    if (left > 0) due = at;
    else if (due) {
      due = null;
      over();
    }
  };
  tick();
  setInterval(tick, 250);
};

/** Lets a button show the page on the whole screen, and back, where the browser can. */
export const fullScreen = (button) => {
  if (!document.documentElement.requestFullscreen) return;
  const enter = button.textContent;
  document.addEventListener("fullscreenchange", () => {
    button.textContent = document.fullscreenElement ? button.dataset.leave : enter;
  });
  button.hidden = false;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
};

localTimes(document);
