// Tells a screen reader how a poll stands: at most every quarter of a minute, and at once when it is final.
import { fill, number, percent, say, texts, unit } from "./page.js";

const PAUSE = 15000;

const standing = (view) => {
  const [first, second] = [...view.options].sort((a, b) => b.votes - a.votes);
  const total = `${number(view.total)} ${unit(view.total)}`;
  if (!first.votes || first.votes === second.votes) return fill(view.final ? texts.endedTied : texts.tied, { total });
  const text = view.final ? texts.ended : texts.leads;
  return fill(text, { label: first.label, percent: percent(first.votes, view.total), total });
};

/** What to call with each snapshot, so that `place`, a live region, says how it stands. */
export const announcer = (place) => {
  let newest = null;
  let timer = null;
  const speak = () => {
    timer = null;
    if (newest && !newest.hidden) say(place, standing(newest));
  };
  return (view) => {
    // What was said of votes that are hidden now, or forgotten, must not be read any more.
    if (view.hidden || view.total < newest?.total) say(place, "");
    newest = view;
    if (view.final) {
      clearTimeout(timer);
      speak();
    } else {
      timer ??= setTimeout(speak, PAUSE);
    }
  };
};
