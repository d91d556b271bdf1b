"use strict";
try {
  const kept = localStorage.getItem("batchsim-theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch { /* a browser that keeps nothing */ }
