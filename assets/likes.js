// Likes quotes, and no longer, without a reload: a button shows at once what was meant, and then what came of it.
import { cardsOf, idOf, likesOf, setLikes } from "./cards.js";
import { texts } from "./page.js";

// What is meant of a quote while a request is under way: a second one waits for the answer to the first.
const meant = new Map();

/** Whether more is known of a quote's upvotes here than the stream can say. */
export const isSending = (id) => meant.has(id);

const send = (id, likes) => fetch(`/quotes/${id}/upvotes`, {
  method: likes ? "POST" : "DELETE", headers: { Accept: "application/json" }, keepalive: true,
}).catch(() => null);

const markBusy = (id, busy) => { for (const card of cardsOf(id)) card.ariaBusy = busy; };

/** Sends what is meant until the server has it; `tell` says what went wrong. */
const deliver = async (id, before, tell) => {
  for (;;) {
    const likes = meant.get(id);
    const answer = await send(id, likes);
    if (answer?.ok) {
      const { upvotes, upvoted } = await answer.json();
      before = { upvotes, likes: upvoted };
      if (meant.get(id) !== likes) continue;
    }
    meant.delete(id);
    markBusy(id, false);
    setLikes(id, before.upvotes, before.likes);
    if (answer?.status === 404) for (const card of cardsOf(id)) card.remove();
    else if (!answer) tell(texts.offline);
    else if (!answer.ok) tell(answer.status === 429 ? texts.wait : texts.failed);
    return;
  }
};

/** Lets the buttons of all cards work in place. */
export const likeInPlace = (tell) => document.addEventListener("submit", (event) => {
  const card = event.target.closest("[data-like]")?.closest("[data-quote]");
  if (!card) return;
  event.preventDefault();
  const id = idOf(card);
  const before = likesOf(card);
  const waits = meant.has(id);
  meant.set(id, !before.likes);
  markBusy(id, true);
  setLikes(id, before.upvotes + (before.likes ? -1 : 1), !before.likes);
  if (!waits) deliver(id, before, tell);
});
