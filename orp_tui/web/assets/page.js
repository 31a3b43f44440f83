// What textual-serve's script leaves to the page around it.
"use strict";

// Its downloads are asked for at the top of the server; ours lie under the page, as the cookie does.
// A page that is opened gets no hold of this one, and only web addresses are opened at all.
const openPlainly = window.open.bind(window);
window.open = (address, target) => {
  const downloads = `${location.origin}/download/`;
  const url = address.startsWith(downloads)
    ? new URL(`download/${address.slice(downloads.length)}`, location.href)
    : new URL(address, location.href);
  if (!["http:", "https:"].includes(url.protocol)) return null;
  return openPlainly(url.href, target, "noopener,noreferrer");
};

document.addEventListener("DOMContentLoaded", () => {
  const again = document.querySelector("#again");
  again.addEventListener("click", () => location.reload());
  // Keys go to the dashboard from the first picture on, and to the button when it has ended.
  new MutationObserver(() => {
    const state = document.body.classList;
    if (state.contains("-closed")) again.focus();
    else if (state.contains("-first-byte")) document.querySelector(".xterm-helper-textarea").focus();
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
