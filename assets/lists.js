// Lists of quotes that change while somebody reads them: what is read does not move, and nobody loses their place.
import { cardsOf, idOf, make, update } from "./cards.js";
import { isSending } from "./likes.js";
import { fill, number, say, texts } from "./page.js";

/** How many of the newest, and of the best liked, the stream says. */
export const SHOWN = 30;
/** How long after somebody has pointed at a list, or typed in it, it keeps still, in milliseconds. */
const STILL = 3000;
const SLIDE = { duration: 350, easing: "ease-out" };
const unmoved = matchMedia("(prefers-reduced-motion: reduce)");

/** A list of the wall that follows `newest` or `top` of what the stream says. */
export const follow = (section, name) => {
  const list = section.querySelector("[data-cards]");
  const news = section.querySelector("[data-news]");
  const next = section.querySelector("[data-next]");
  const { list: kind } = section.dataset;
  let seen = null;
  let used = -Infinity;
  let timer = null;

  const cards = () => [...list.children];
  const keep = (card, quote) => update(card, quote, isSending(quote.id) ? Number(card.dataset.upvotes) : quote.upvotes);

  /** Whether a card's quote would be there if it still were: it was hidden, or deleted. */
  const isGone = (card, quotes) => {
    const last = quotes.at(-1);
    if (quotes.length < SHOWN) return true;
    return kind === "new" ? idOf(card) > last.id : Number(card.dataset.upvotes) > last.upvotes;
  };

  /** Puts the cards of these quotes in order, moving as few as can be, and shows how they move. */
  const arrange = (quotes) => {
    const before = new Map(cards().map((card) => [card, card.getBoundingClientRect().top]));
    const known = new Map(cards().map((card) => [idOf(card), card]));
    const focused = document.activeElement;
    const had = list.contains(focused);
    const wanted = quotes.map((quote) => known.get(quote.id) ?? make(quote, kind));
    for (const card of before.keys()) if (!wanted.includes(card)) card.remove();
    let place = list.firstElementChild;
    for (const card of wanted) {
      if (card === place) place = place.nextElementSibling;
      else list.insertBefore(card, place);
    }
    if (had) (focused.isConnected ? focused : section.querySelector("h2")).focus({ preventScroll: true });
    if (unmoved.matches || !list.checkVisibility?.()) return;
    for (const card of wanted) {
      const moved = before.has(card) ? before.get(card) - card.getBoundingClientRect().top : -24;
      const from = { transform: `translateY(${moved}px)`, opacity: before.has(card) ? 1 : 0 };
      if (moved) card.animate([from, { transform: "none", opacity: 1 }], SLIDE);
    }
  };

  const isRead = () => list.getBoundingClientRect().top < 0 || performance.now() - used < STILL;

  /** Says how many quotes wait to be shown. */
  const announce = (count) => {
    if (!count && document.activeElement === news) section.querySelector("h2").focus({ preventScroll: true });
    news.hidden = count === 0;
    say(news, count === 1 ? texts.newsOne : fill(texts.newsOther, { count: number(count) }));
  };

  const show = (force) => {
    if (!seen) return;
    const quotes = seen[name];
    const shown = new Map(quotes.map((quote) => [quote.id, quote]));
    for (const card of cards()) {
      if (shown.has(idOf(card))) keep(card, shown.get(idOf(card)));
      else if (isGone(card, quotes)) {
        const had = card.contains(document.activeElement);
        card.remove();
        if (had) section.querySelector("h2").focus({ preventScroll: true });
      }
    }
    clearTimeout(timer);
    if (!force && isRead()) {
      const known = new Set(cards().map(idOf));
      announce(kind === "new" ? quotes.filter((quote) => !known.has(quote.id)).length : 0);
      timer = setTimeout(show, STILL);
      return;
    }
    announce(0);
    arrange(quotes);
    const last = quotes.at(-1);
    next.hidden = quotes.length < SHOWN || seen.total <= SHOWN;
    if (last) next.search = `?order=${kind}&after=${kind === "top" ? `${last.upvotes}.${last.id}` : last.id}`;
  };

  for (const event of ["pointermove", "pointerdown", "keydown"]) {
    list.addEventListener(event, () => { used = performance.now(); }, { passive: true });
  }
  news.addEventListener("click", () => {
    show(true);
    section.querySelector("h2").focus({ preventScroll: true });
    section.scrollIntoView({ behavior: unmoved.matches ? "auto" : "smooth" });
  });
  return {
    /** Shows what the stream says now, as soon as nobody is disturbed by it. */
    take: (now) => {
      seen = now;
      show(false);
    },
    /** Shows all of it at once. */
    release: () => show(true),
  };
};

/** Takes what is not on the wall any more out of all lists: of the newest, the stream says all. */
export const forget = ({ newest }) => {
  const known = new Set(newest.map((quote) => quote.id));
  const oldest = newest.length < SHOWN ? 0 : newest.at(-1).id;
  for (const card of document.querySelectorAll("[data-list] li[data-quote]")) {
    const id = idOf(card);
    if (id > oldest && !known.has(id) && !isSending(id)) for (const one of cardsOf(id)) one.remove();
  }
};
