"use strict";
// The page is complete without this: it finds posts, and puts the newest first.
(() => {
  const element = (id) => document.getElementById(id);
  const form = element("filters"), list = element("list"), shown = element("shown");
  const words = element("words"), order = element("order"), more = element("more");
  const selects = ["milestone", "kind", "reason"].map(element).filter(Boolean);
  const posts = Array.from(list.children, (item) => ({ item, text: null }));
  const number = (count) => count.toLocaleString("en") + (count === 1 ? " post" : " posts");
  // Browsers need seconds to lay out ten thousand posts, and some of them minutes at the first Tab.
  const step = 200;
  let isNewestFirst = false;
  let most = step;

  // Without case, accents and what is not seen: "cafe" finds "Café".
  const plain = (text) =>
    text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f\p{Cf}]/gu, "");

  // Read when it is first needed. The labels are left out: "alt" is no word of every post.
  const textOf = (post) => {
    const parts = post.item.querySelectorAll("h3, p.text, dd");
    post.text ??= plain(Array.from(parts, (part) => part.textContent).join("\n"));
    return post.text;
  };

  const sort = () => {
    if ((order.value === "newest") === isNewestFirst) return;
    isNewestFirst = !isNewestFirst;
    const sorted = document.createDocumentFragment();
    for (const post of posts.reverse()) sorted.append(post.item);
    list.append(sorted);
  };

  const apply = () => {
    sort();
    const wanted = plain(words.value).split(/\s+/).filter(Boolean);
    const chosen = selects.filter((select) => select.value);
    let count = 0;
    for (const post of posts) {
      const fits =
        chosen.every((select) => post.item.dataset[select.id] === select.value) &&
        wanted.every((word) => textOf(post).includes(word));
      count += fits;
      const isHidden = !fits || count > most;
      if (post.item.hidden !== isHidden) post.item.hidden = isHidden;
    }
    more.hidden = count <= most;
    shown.textContent =
      (count === posts.length ? "" : `${count.toLocaleString("en")} of `) +
      number(posts.length) +
      (count > most ? `, the first ${most.toLocaleString("en")} shown` : "");
  };

  const applyAnew = () => {
    most = step;
    apply();
  };

  let waiting;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(applyAnew, 150);
  });
  form.addEventListener("change", applyAnew);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    applyAnew();
  });
  form.addEventListener("reset", () => setTimeout(applyAnew));

  more.addEventListener("click", () => {
    const next = posts.filter((post) => !post.item.hidden).length;
    most += step;
    apply();
    const first = posts.filter((post) => !post.item.hidden)[next].item;
    first.tabIndex = -1;
    first.focus();
  });

  // On paper there is no button for more.
  window.addEventListener("beforeprint", () => {
    most = Infinity;
    apply();
  });
  window.addEventListener("afterprint", applyAnew);

  for (const button of document.querySelectorAll("[data-show]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      form.reset();
      element("reason").value = button.dataset.show;
      applyAnew();
      element("posts").focus();
    });
  }

  // A link to a post that is not shown finds it.
  const find = (hash) => {
    const item = hash.startsWith("#post-") && element(hash.slice(1));
    if (!item || !item.hidden) return;
    form.reset();
    words.value = item.id.slice("post-".length);
    applyAnew();
    item.scrollIntoView();
  };
  document.addEventListener("click", (event) => find(event.target.closest("a")?.hash ?? ""));

  form.hidden = false;
  applyAnew();
  find(location.hash);
})();
