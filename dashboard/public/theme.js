// Before the first paint, and not part of the bundle: a chosen theme must never flash the other one.
(function () {
  try {
    var theme = localStorage.getItem('sightline.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
    if (localStorage.getItem('sightline.density') === 'compact') document.documentElement.dataset.density = 'compact';
  } catch (_) {
    // Storage is blocked: the system's preference stands.
  }
})();
