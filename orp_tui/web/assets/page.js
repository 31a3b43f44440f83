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

window.addEventListener("error", (event) => {
  if (/WebGL/.test(event.message)) document.body.classList.add("-broken");
});

document.addEventListener("DOMContentLoaded", () => {
  const again = document.querySelector("#again");
  again.addEventListener("click", () => location.reload());
  new MutationObserver(() => {
    if (document.body.classList.contains("-closed")) again.focus();
  }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
});
