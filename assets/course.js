// Draws votes over time: goes on from the points that came with the page.
import { localTimes } from "./page.js";

const WIDTH = 600;
const HEIGHT = 100;
/** Points that are kept; past it every other one goes. */
const MOST = 400;

/** What to call with the time and the total of each snapshot, so that the figure shows it. */
export const course = (figure) => {
  let points = JSON.parse(figure.dataset.course);
  const area = figure.querySelector("polygon");
  const line = figure.querySelector("polyline");
  const [from, to] = figure.querySelectorAll("time");
  const draw = () => {
    const first = points[0][0];
    const last = points[points.length - 1][0];
    const most = Math.max(...points.map((point) => point[1]), 1);
    figure.hidden = last <= first;
    if (figure.hidden) return;
    const corner = ([at, voters]) => `${((at - first) * WIDTH / (last - first)).toFixed(1)},${(HEIGHT - voters * HEIGHT / most).toFixed(1)}`;
    const corners = points.map(corner).join(" ");
    line.setAttribute("points", corners);
    area.setAttribute("points", `0,${HEIGHT} ${corners} ${WIDTH},${HEIGHT}`);
    from.dateTime = new Date(first).toISOString();
    to.dateTime = new Date(last).toISOString();
    localTimes(figure);
  };
  return (time, total) => {
    const last = points[points.length - 1];
    // What comes first on a stream may have been read before this page was.
    const at = Math.max(new Date(time).getTime(), last?.[0] ?? 0);
    // After a reset the poll begins anew.
    if (last && total < last[1]) points = [];
    if (points.length > 1 && at - last[0] < 500) points.pop();
    points.push([at, total]);
    if (points.length > MOST) points = points.filter((_, place) => place % 2 === 0 || place === points.length - 1);
    draw();
  };
};
