// Finds quotes as somebody types: the server's own page of results, shown in place of the lists.
import { learn } from "./cards.js";
import { localTimes, say, texts } from "./page.js";

/** How long somebody must pause before what they typed is looked for, in milliseconds. */
const PAUSE = 250;

/** Lets the wall's form search in place; `tell` says what went wrong. */
export const searchInPlace = (wall, tell) => {
  const form = wall.querySelector("[data-search]");
  const field = form.elements.q;
  const columns = wall.querySelector("[data-columns]");
  const place = wall.querySelector("[data-found]");
  const count = wall.querySelector("[data-found-count]");
  let under = null;
  let timer = null;
  let looked = field.value.trim();

  const close = () => {
    // The page of a search has no lists to go back to.
    if (columns.querySelector("[data-list=found]")) return location.assign("/wall");
    place.replaceChildren();
    say(count, "");
    wall.toggleAttribute("data-searching", false);
    history.replaceState(null, "", `/wall?order=${wall.dataset.order}`);
  };

  const show = (page, address) => {
    const section = page.querySelector("[data-list=found]");
    if (columns.querySelector("[data-list=found]")) columns.replaceChildren(section);
    else place.replaceChildren(section);
    learn(section.querySelectorAll("li[data-quote]"));
    localTimes(section);
    wall.toggleAttribute("data-searching", true);
    say(count, page.querySelector("[data-found-count]").textContent.trim());
    history.replaceState(null, "", address);
  };

  const look = async () => {
    clearTimeout(timer);
    const q = field.value.trim();
    if (q === looked) return;
    looked = q;
    under?.abort();
    if (!q) return close();
    under = new AbortController();
    const { signal } = under;
    try {
      const address = `/wall/search?${new URLSearchParams({ q })}`;
      const answer = await fetch(address, { signal, headers: { Accept: "text/html" } });
      const text = await answer.text();
      if (signal.aborted) return;
      if (answer.ok) return show(new DOMParser().parseFromString(text, "text/html"), address);
      tell(answer.status === 429 ? texts.wait : texts.failed);
    } catch {
      if (signal.aborted) return;
      tell(texts.offline);
    }
    // Looked for again when it is asked for again.
    looked = null;
  };

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    look();
  });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
};
