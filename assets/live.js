// Moves the bars of the results page as votes come in. Without it, the page reloads itself every few seconds.
(() => {
  const live = document.getElementById("live");
  if (!live || !window.EventSource) return;
  const find = (name) => document.querySelector(`[data-${name}]`);
  // What the page shows: the poll's id and the version.
  let id = live.dataset.id;
  let version = Number(live.dataset.version);

  const show = (view) => {
    find("title").textContent = view.title;
    const state = view.final ? "final" : view.status;
    find("status").textContent = state;
    find("status").dataset.status = state;
    find("hidden").hidden = !view.hidden;
    find("bars").hidden = view.hidden;
    find("download").hidden = view.hidden;
    if (view.hidden) return;
    find("total").textContent = view.total;
    find("unit").textContent = view.total === 1 ? "vote" : "votes";
    const most = Math.max(...view.options.map((option) => option.votes), 1);
    for (const option of view.options) {
      const row = live.querySelector(`[data-key="${option.key}"]`);
      if (!row) return location.reload();
      row.querySelector("th").textContent = option.label;
      row.classList.toggle("ahead", option.votes === most);
      const bar = row.querySelector("progress");
      bar.max = Math.max(view.total, 1);
      bar.value = option.votes;
      row.querySelector("[data-votes]").textContent = option.votes;
      row.querySelector("[data-percent]").textContent = `${((option.votes * 100) / Math.max(view.total, 1)).toFixed(1)} %`;
    }
  };

  const watch = () => {
    const events = new EventSource(`${live.dataset.events}?seen=${id}.${version}`);
    events.addEventListener("snapshot", (event) => {
      const view = JSON.parse(event.data);
      if (view.id === id && view.version <= version) return;
      ({ id, version } = view);
      show(view);
    });
    events.addEventListener("reset", () => { version = -1; });
    events.addEventListener("gone", () => {
      events.close();
      find("connection").textContent = " · this poll was deleted";
    });
    events.onopen = () => { find("connection").textContent = ""; };
    events.onerror = () => {
      find("connection").textContent = " · reconnecting…";
      // A browser comes back by itself after a stream that broke, but not after an answer such as 503.
      if (events.readyState === EventSource.CLOSED) setTimeout(watch, 1000 + Math.random() * 4000);
    };
  };
  watch();
})();
