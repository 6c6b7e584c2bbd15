// The cards of quotes: makes them, and keeps them as the server says.
import { localTimes, number, say } from "./page.js";

/** From how many characters, or lines, on a quote is shown in part at first; as the server has it. */
const LONG = 400;
const LINES = 8;

const wall = document.querySelector("[data-wall]");
const blank = document.querySelector("template[data-card]").content.firstElementChild;
const me = wall.dataset.me?.toLowerCase();
// What this reader likes, as far as the page knows: what the stream says of quotes is the same for everybody.
const liked = new Set();

/** The number of a card's quote. */
export const idOf = (card) => Number(card.dataset.quote);

/** All cards of a quote: it may be in several lists. */
export const cardsOf = (id) => document.querySelectorAll(`li[data-quote="${id}"]`);

/** How many like a card's quote, and whether this reader does. */
export const likesOf = (card) => ({ upvotes: Number(card.dataset.upvotes), likes: liked.has(idOf(card)) });

const showLikes = (card, upvotes) => {
  const likes = liked.has(idOf(card));
  const form = card.querySelector("[data-like]");
  form.setAttribute("action", `/quotes/${idOf(card)}/upvotes${likes ? "/delete" : ""}`);
  form.querySelector("button").setAttribute("aria-pressed", likes);
  card.dataset.upvotes = upvotes;
  say(card.querySelector("[data-upvotes]"), number(upvotes));
};

/** Shows on all cards of a quote how many like it, and whether this reader does. */
export const setLikes = (id, upvotes, likes) => {
  if (likes) liked.add(id);
  else liked.delete(id);
  for (const card of cardsOf(id)) showLikes(card, upvotes);
};

/** Shows a quote as the stream has it; `upvotes` only where nothing newer is known of them. */
export const update = (card, quote, upvotes = quote.upvotes) => {
  const text = card.querySelector("[data-text]");
  const long = quote.quote.length > LONG || quote.quote.split("\n").length > LINES;
  say(text, quote.quote);
  text.classList.toggle("long", long);
  card.querySelector("[data-whole]").hidden = !long;
  card.querySelector("[data-edited]").hidden = !quote.edited_at;
  if (Number(card.dataset.upvotes) !== upvotes) showLikes(card, upvotes);
};

/** A new card of a quote for a list of this kind. */
export const make = (quote, kind) => {
  const card = blank.cloneNode(true);
  for (const element of [card, ...card.querySelectorAll("*")]) {
    // Of the addresses and names in it: those of the quote numbered 0 in the list called live.
    for (const attribute of element.attributes) {
      attribute.value = attribute.value.replace(/\blive\b/, kind).replace(/\b0\b/, quote.id);
    }
  }
  say(card.querySelector("[data-author]"), quote.user_id ?? "");
  card.querySelector("time").dateTime = quote.created_at;
  localTimes(card);
  if (!("admin" in wall.dataset) && (!me || quote.user_id?.toLowerCase() !== me)) {
    for (const link of card.querySelectorAll("[data-edit], [data-delete]")) link.remove();
  }
  update(card, quote);
  return card;
};

/** Learns what cards that came with a page say. */
export const learn = (cards) => {
  for (const card of cards) {
    card.dataset.upvotes = card.querySelector("[data-upvotes]").dataset.upvotes;
    if (card.querySelector("[aria-pressed=true]")) liked.add(idOf(card));
    else liked.delete(idOf(card));
  }
};
