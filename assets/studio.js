// The studio's pages, a little livelier: totals that move, times in the organiser's own zone, links to copy.
import { countdown, fill, learnTime, number, say, texts, unit } from "./page.js";
import { watch } from "./live.js";

// One poll: its bars move; in another state other things can be done, so the page is loaded anew.
const live = document.getElementById("live");
if (live) {
  learnTime(live.dataset.now);
  countdown(() => live.dataset.closes);
  watch(live, (view, state) => {
    if (state !== live.dataset.state) location.reload();
    say(document.querySelector("[data-used]"), number(view.total));
  });
}

// All polls: asked for every other second while somebody looks.
const health = document.querySelector("[data-glance]");
if (health) {
  const glance = async () => {
    if (document.hidden) return;
    const answer = await fetch(health.dataset.glance, { cache: "no-store" }).catch(() => null);
    if (answer?.redirected) return location.reload();
    if (!answer?.ok) return;
    const seen = await answer.json();
    const { waiting, dead, counted } = seen.health;
    if (waiting !== null) say(health.querySelector("[data-waiting]"), number(waiting));
    if (dead !== null) {
      say(health.querySelector("[data-dead]"), number(dead));
      health.querySelector("[data-dead-box]")?.classList.toggle("warning", dead > 0);
      say(health.querySelector("[data-counted]"), number(counted));
    }
    const known = new Set();
    for (const poll of seen.polls) {
      const line = document.querySelector(`[data-poll="${poll.id}"]`);
      if (!line) return location.reload();
      known.add(poll.id);
      const state = line.querySelector(".state");
      say(state, texts[poll.state]);
      state.dataset.state = poll.state;
      say(line.querySelector("[data-total]"), number(poll.total));
      say(line.querySelector("[data-unit]"), unit(poll.total));
    }
    for (const line of document.querySelectorAll("[data-poll]")) if (!known.has(line.dataset.poll)) line.remove();
  };
  setInterval(glance, 2000);
}

// Times of a form: the server has them in UTC, the organiser sees and types those of this device.
const zone = document.querySelector("[data-zone]");
if (zone) {
  const local = (utc) => {
    const at = new Date(`${utc}Z`);
    return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  };
  const fields = [...document.querySelectorAll("input[type=datetime-local]")];
  for (const field of fields) if (field.value) field.value = local(field.value);
  say(zone, fill(texts.localTimes, { zone: Intl.DateTimeFormat().resolvedOptions().timeZone }));
  zone.closest("form").addEventListener("formdata", (event) => {
    for (const field of fields) {
      if (field.value) event.formData.set(field.name, new Date(field.value).toISOString());
    }
  });
}

for (const field of document.querySelectorAll("input[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  button.textContent = texts.copy;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = texts.copied;
    } catch {
      // Not over plain http, or not allowed: then by the person's own hand.
      field.select();
    }
  });
  field.closest("label").after(button);
}

const print = document.querySelector("[data-print]");
if (print) {
  print.hidden = false;
  print.addEventListener("click", () => window.print());
}

// Quotes for a poll: how many are chosen.
const choose = document.querySelector("[data-choose]");
if (choose) {
  const count = () => {
    const chosen = choose.querySelectorAll(":checked").length;
    const text = chosen === 1 ? texts.chosenOne : fill(texts.chosenMany, { count: number(chosen) });
    say(document.querySelector("[data-chosen]"), chosen ? text : "");
  };
  choose.addEventListener("change", count);
  count();
}
