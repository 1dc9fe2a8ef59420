"use strict";
// The page is complete without this: it finds posts, and puts the newest first.
(() => {
  const element = (id) => document.getElementById(id);
  const form = element("filters"), list = element("list"), shown = element("shown");
  const words = element("words"), order = element("order");
  const selects = ["milestone", "kind", "reason"].map(element).filter(Boolean);
  const posts = Array.from(list.children, (item) => ({ item, text: null }));
  const number = (count) => count.toLocaleString("en") + (count === 1 ? " post" : " posts");
  let isNewestFirst = false;

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
      if (post.item.hidden === fits) post.item.hidden = !fits;
      count += fits;
    }
    shown.textContent =
      count === posts.length
        ? number(count)
        : `${count.toLocaleString("en")} of ${number(posts.length)} shown`;
  };

  let waiting;
  words.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, 150);
  });
  form.addEventListener("change", apply);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    apply();
  });
  form.addEventListener("reset", () => setTimeout(apply));

  for (const button of document.querySelectorAll("[data-show]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      form.reset();
      element("reason").value = button.dataset.show;
      apply();
      element("posts").focus();
    });
  }

  // A link to a post that the filters hide shows all again.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#post-']");
    if (link && element(link.hash.slice(1)).hidden) {
      form.reset();
      apply();
    }
  });

  form.hidden = false;
  apply();
})();
