// Light or dark, roomy or compact, before anything is drawn: a plain script, for modules come too late.
(() => {
  for (const name of ["theme", "density"]) {
    let kept = null;
    try {
      kept = localStorage.getItem(`runner.${name}`);
    } catch {
      // a browser that keeps nothing for us
    }
    if (kept) document.documentElement.dataset[name] = kept;
  }
})();
