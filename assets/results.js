// Moves the bars as votes come in. Without it, the page reloads itself every few seconds.
import { countdown, fullScreen, learnTime, say, texts } from "./page.js";
import { announcer } from "./announce.js";
import { course } from "./course.js";
import { watch } from "./live.js";

const live = document.getElementById("live");
const find = (name) => document.querySelector(`[data-${name}]`);

learnTime(live.dataset.now);
countdown(() => live.dataset.closes);

const draw = course(find("course"));
// Who is ahead alone takes a seat of the hundred for each percent.
const seats = [...find("seats").children];
const seat = (view) => {
  const [first, second] = view.options.map((option) => option.votes).sort((a, b) => b - a);
  const taken = first > second ? Math.round(first * seats.length / view.total) : 0;
  seats.forEach((one, place) => one.classList.toggle("taken", place < taken));
};

const announce = announcer(find("announcement"));
watch(live, (view, state) => {
  find("hidden").hidden = !view.hidden;
  say(find("hidden"), view.results === "after_close" ? texts.hiddenAfter : texts.hiddenLive);
  find("download").hidden = view.hidden;
  const opens = find("opens");
  if (opens) opens.hidden = state !== "draft";
  find("share").hidden = state === "final";
  // An SVG has no property for it.
  find("seats").toggleAttribute("hidden", view.hidden);
  if (view.hidden) {
    find("course").hidden = true;
  } else {
    seat(view);
    draw(view.at, view.total);
  }
  announce(view);
});

fullScreen(find("full-screen"));
