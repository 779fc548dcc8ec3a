// What the pages gain with scripts: they do everything without, too.
"use strict";

(() => {
  const announce = (text) => {
    document.getElementById("announce").textContent = text;
  };
  const words = () => document.getElementById("announce").dataset;

  // A form that is on its way is not sent again; a download leaves its page, and may be retried.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    announce(words().busy);
    if ("download" in form.dataset) {
      setTimeout(() => release(form), 3000);
    }
  });

  const release = (form) => {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
    announce("");
  };

  // A page that comes back from the browser's memory must not show a password again.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && document.querySelector("[data-once]")) {
      location.reload();
    }
    document.querySelectorAll("form[data-sent]").forEach(release);
  });

  document.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  });

  if (navigator.clipboard) {
    document.querySelectorAll("[data-copy]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(button.dataset.copy);
        announce(words().copied);
        button.classList.add("done");
      });
    });
  }
})();
