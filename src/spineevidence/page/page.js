(function () {
  "use strict";
  var FILTERS = ["procedure", "comparator", "condition"];
  var byId = function (id) { return document.getElementById(id); };
  var all = function (selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); };
  var controls = byId("controls"), status = byId("status"), text = byId("filter-text");
  var items = all("[data-item]"), tables = all("[data-sortable]");
  var words = new Map();

  tables.forEach(function (table) {
    table.original = Array.prototype.slice.call(table.tBodies);
  });

  // The address after "#": a place, then "?" and the state of filters and sorting.
  function read() {
    var hash = location.hash.slice(1), at = hash.indexOf("?");
    return { place: at < 0 ? hash : hash.slice(0, at), state: new URLSearchParams(at < 0 ? "" : hash.slice(at + 1)) };
  }
  function current() {
    var state = new URLSearchParams();
    FILTERS.forEach(function (name) { var value = byId("filter-" + name).value; if (value) { state.set(name, value); } });
    if (text.value.trim()) { state.set("words", text.value.trim()); }
    tables.forEach(function (table) { if (table.sorting) { state.set(table.dataset.sortable, table.sorting); } });
    return state.toString();
  }
  function address(place) {
    var state = current();
    return "#" + place + (state ? "?" + state : "");
  }

  function wordsOf(item) {
    if (!words.has(item)) { words.set(item, item.textContent.toLowerCase()); }
    return words.get(item);
  }
  function fits(item, chosen, sought) {
    return chosen.every(function (choice) {
      var own = item.dataset[choice[0]];
      return !own || own.split(" ").indexOf(choice[1]) >= 0;
    }) && sought.every(function (word) { return wordsOf(item).indexOf(word) >= 0; });
  }
  function filter() {
    var chosen = FILTERS.map(function (name) { return [name, byId("filter-" + name).value]; }).filter(function (pair) { return pair[1]; });
    var sought = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    var counts = {};
    items.forEach(function (item) {
      var kind = item.dataset.item;
      // A row of the map goes with its line, a procedure with its lines.
      if (kind === "procedure" || kind === "map") { return; }
      var named = kind === "line" && sought.length ? item.closest(".procedure").querySelector("h3").textContent.toLowerCase() : "";
      var rest = sought.filter(function (word) { return named.indexOf(word) < 0; });
      item.hidden = !fits(item, chosen, rest);
      counts[kind] = counts[kind] || [0, 0];
      counts[kind][0] += item.hidden ? 0 : 1;
      counts[kind][1] += 1;
    });
    all(".class").forEach(function (group) { group.hidden = !group.querySelector("[data-item=line]:not([hidden])"); });
    all(".listed").forEach(function (group) { group.hidden = !group.querySelector("[data-item=line]:not([hidden])"); });
    all("[data-item=procedure]").forEach(function (item) { item.hidden = !item.querySelector("[data-item=line]:not([hidden])"); });
    all("[data-item=map]").forEach(function (row) {
      var line = byId(row.querySelector("th a").hash.slice(1).split("?")[0]);
      row.hidden = line.hidden;
    });
    all(".map tbody").forEach(function (body) { body.hidden = !body.querySelector("[data-item=map]:not([hidden])"); });
    all(".map").forEach(function (map) { map.parentElement.hidden = !map.querySelector("tbody:not([hidden])"); });
    all(".domain").forEach(function (domain) { domain.hidden = !domain.querySelector(".scroll:not([hidden])"); });
    var said = [["line", "lines"], ["claim", "claims"], ["study", "studies"]].filter(function (pair) { return counts[pair[0]]; });
    status.textContent = chosen.length || sought.length ? "Shown: " + said.map(function (pair) {
      return counts[pair[0]][0] + " of " + counts[pair[0]][1] + " " + pair[1];
    }).join(", ") + "." : "";
  }

  function clear() {
    FILTERS.forEach(function (name) { byId("filter-" + name).value = ""; });
    text.value = "";
    filter();
  }

  function key(body, column) {
    var cell = body.rows[0].cells[column], own = cell.dataset.sort;
    return own === undefined ? cell.textContent.trim() : Number(own);
  }
  // A study holds a table of its rows, whose heads are not those of the table of studies.
  function headsOf(table) { return Array.prototype.slice.call(table.tHead.rows[0].cells); }
  function sort(table, sorting) {
    var parts = (sorting || "").split("."), column = Number(parts[0]), down = parts[1] === "down";
    var heads = headsOf(table), ordered = table.original.slice();
    table.sorting = sorting && heads[column] ? sorting : "";
    heads.forEach(function (head, place) {
      if (table.sorting && place === column) { head.setAttribute("aria-sort", down ? "descending" : "ascending"); }
      else { head.removeAttribute("aria-sort"); }
    });
    if (table.sorting) {
      ordered.sort(function (one, other) {
        var a = key(one, column), b = key(other, column);
        var order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true });
        return down ? -order : order;
      });
    }
    var focused = document.activeElement;
    ordered.forEach(function (body) { table.appendChild(body); });
    if (focused && focused !== document.body && table.contains(focused)) { focused.focus({ preventScroll: true }); }
  }

  function reveal(place) {
    all(".reached").forEach(function (one) { one.classList.remove("reached"); });
    var found = place && byId(place);
    if (!found) { return; }
    if (found.closest("[hidden]")) { clear(); status.textContent = "The filters were cleared to show what the link leads to."; }
    for (var up = found; up; up = up.parentElement) { if (up.tagName === "DETAILS") { up.open = true; } }
    var target = found.tagName === "DETAILS" ? found.querySelector("summary") : found;
    if (target === found && !target.hasAttribute("tabindex")) { target.setAttribute("tabindex", "-1"); }
    if (found.tagName !== "SECTION" && found.tagName !== "MAIN") { found.classList.add("reached"); }
    target.focus({ preventScroll: true });
    found.scrollIntoView({ behavior: "instant", block: "start" });
    // What lies between is laid out only now, so that the place may have moved.
    requestAnimationFrame(function () { found.scrollIntoView({ behavior: "instant", block: "start" }); });
  }
  function apply() {
    var asked = read();
    FILTERS.forEach(function (name) { byId("filter-" + name).value = asked.state.get(name) || ""; });
    FILTERS.forEach(function (name) { var one = byId("filter-" + name); if (one.selectedIndex < 0) { one.value = ""; } });
    text.value = asked.state.get("words") || "";
    filter();
    tables.forEach(function (table) { sort(table, asked.state.get(table.dataset.sortable)); });
    reveal(asked.place);
    keep(asked.place);
  }
  function keep(place) { history.replaceState(null, "", address(place || "")); }

  controls.hidden = false;
  all("button.sort").forEach(function (button) {
    button.disabled = false;
    button.addEventListener("click", function () {
      var table = button.closest("table"), place = headsOf(table).indexOf(button.closest("th"));
      sort(table, place + (table.sorting === place + ".up" ? ".down" : ".up"));
      keep();
    });
  });
  controls.addEventListener("submit", function (event) { event.preventDefault(); });
  controls.addEventListener("change", function () { filter(); keep(); });
  text.addEventListener("input", function () { filter(); keep(); });
  controls.addEventListener("reset", function (event) { event.preventDefault(); clear(); keep(); });
  document.addEventListener("click", function (event) {
    var link = event.target.closest("a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) { return; }
    event.preventDefault();
    var place = link.getAttribute("href").slice(1);
    reveal(place);
    history.pushState(null, "", address(place));
  });
  window.addEventListener("popstate", apply);
  if (location.hash) { apply(); }
})();
