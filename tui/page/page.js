// The key has become a cookie by now: it need not stay in the address bar and its history.
history.replaceState(null, "", "/");

addEventListener("DOMContentLoaded", () => {
  document.getElementById("again").addEventListener("click", () => location.reload());
  // Keys go to the screens from the first moment, without a click.
  const focus = () => document.querySelector(".xterm-helper-textarea")?.focus();
  new MutationObserver(focus).observe(document.body, { attributeFilter: ["class"] });
  addEventListener("focus", focus);
});
