/* Sightline's tracker. It takes the attributes of Umami's script, makes its globals, and speaks its protocol. */
(function (win) {
  'use strict';
  var doc = win.document, place = win.location, script = doc.currentScript;
  if (!script) return;
  var attribute = function (name) { return script.getAttribute('data-' + name); };
  var isSet = function (name) { return attribute(name) === 'true'; };

  var website = attribute('website-id'), tag = attribute('tag') || undefined, beforeSend = attribute('before-send');
  var base = (attribute('host-url') || script.src.split('/').slice(0, -1).join('/')).replace(/\/$/, '');
  var domains = (attribute('domains') || '').split(',').map(function (name) { return name.trim(); }).filter(Boolean);
  var credentials = attribute('fetch-credentials') || 'omit';
  var identity, cache, stopped = false, started = false;

  function address(url) {
    try {
      var found = new URL(url, place.href);
      if (isSet('exclude-search')) found.search = '';
      if (isSet('exclude-hash')) found.hash = '';
      return found.toString();
    } catch (_) {
      return url;
    }
  }

  var current = address(place.href), before = doc.referrer;
  if (before.indexOf(place.origin) === 0) before = '';

  function unwanted() {
    var asked = win.doNotTrack || win.navigator.doNotTrack || win.navigator.msDoNotTrack, off;
    try { off = win.localStorage.getItem('umami.disabled'); } catch (_) { /* no storage here */ }
    return stopped || !website || off || (domains.length && domains.indexOf(place.hostname) < 0) ||
      (isSet('do-not-track') && (asked === 1 || asked === '1' || asked === 'yes'));
  }

  function page() {
    return {
      website: website, screen: win.screen.width + 'x' + win.screen.height, language: win.navigator.language,
      title: doc.title, hostname: place.hostname, url: current, referrer: before, tag: tag, id: identity
    };
  }

  /* Sent as text/plain, which asks for no preflight, and kept alive when the page goes. Never throws into the page. */
  async function send(payload, type) {
    try {
      if (unwanted()) return;
      type = type || 'event';
      if (typeof win[beforeSend] === 'function') payload = await win[beforeSend](type, payload);
      if (!payload) return;
      var headers = cache ? { 'x-umami-cache': cache } : {};
      var answer = await fetch(base + '/api/send', {
        method: 'POST', keepalive: true, credentials: credentials, headers: headers,
        body: JSON.stringify({ type: type, payload: payload })
      });
      var said = await answer.json();
      if (said.disabled) stopped = true;
      if (said.cache) cache = said.cache;
    } catch (_) { /* a page works without being counted */ }
  }

  function track(what, data) {
    if (typeof what === 'string') return send(Object.assign(page(), { name: what, data: data }));
    if (typeof what === 'function') return send(what(page()));
    return send(what && typeof what === 'object' ? Object.assign({}, what) : page());
  }

  function identify(id, data) {
    if (typeof id === 'string') identity = id; else data = id;
    return send(Object.assign(page(), { data: data }), 'identify');
  }

  function moved(url) {
    if (!url) return;
    var next = address(String(url));
    if (next === current) return;
    before = current;
    current = next;
    setTimeout(track, 300);  /* until then the page has its title */
  }

  function wrap(name) {
    var own = win.history[name];
    win.history[name] = function (state, title, url) {
      var result = own.apply(this, arguments);
      moved(url);
      return result;
    };
  }

  function clicked(event) {
    var element = event.target.closest && event.target.closest('[data-umami-event]');
    if (!element) return;
    var data = {}, link = element.closest('a[href]');
    element.getAttributeNames().forEach(function (name) {
      var found = name.match(/^data-umami-event-([\w-]+)/);
      if (found) data[found[1]] = element.getAttribute(name);
    });
    var sent = track(element.getAttribute('data-umami-event'), data);
    if (!link || link.target === '_blank' || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    sent.then(function () { (link.target === '_top' ? win.top : win).location.href = link.href; });
  }

  /* Web Vitals: largest paint, layout shift in windows of sessions, interaction to next paint at the 98th percentile. */
  function vitals() {
    var found = {}, shift = 0, shiftStart = 0, shiftEnd = 0, slow = [], count = 0, done = false;
    function watch(type, each, more) {
      try {
        new PerformanceObserver(function (list) { list.getEntries().forEach(each); })
          .observe(Object.assign({ type: type, buffered: true }, more));
      } catch (_) { /* this browser does not measure it */ }
    }
    watch('navigation', function (entry) { found.ttfb = Math.max(entry.responseStart - (entry.activationStart || 0), 0); });
    watch('paint', function (entry) { if (entry.name === 'first-contentful-paint') found.fcp = entry.startTime; });
    watch('largest-contentful-paint', function (entry) { found.lcp = entry.startTime; });
    watch('layout-shift', function (entry) {
      if (entry.hadRecentInput) return;
      var within = entry.startTime - shiftEnd < 1000 && entry.startTime - shiftStart < 5000;
      if (!within) { shift = 0; shiftStart = entry.startTime; }
      shift += entry.value;
      shiftEnd = entry.startTime;
      found.cls = Math.max(found.cls || 0, shift);
    });
    watch('event', function (entry) {
      if (!entry.interactionId) return;
      count += 1;
      slow = slow.concat(entry.duration).sort(function (a, b) { return b - a; }).slice(0, 10);
      found.inp = slow[Math.min(slow.length - 1, Math.floor(count / 50))];
    }, { durationThreshold: 40 });
    function report() {
      if (done || !Object.keys(found).length) return;
      done = true;
      send(Object.assign(page(), found), 'performance');
    }
    setTimeout(report, 10000);
    doc.addEventListener('visibilitychange', function () { if (doc.visibilityState === 'hidden') report(); });
    win.addEventListener('pagehide', report);
  }

  function start() {
    if (doc.readyState !== 'complete' || started) return;
    started = true;
    track();
    wrap('pushState');
    wrap('replaceState');
    doc.addEventListener('click', clicked, true);
    if (isSet('performance')) vitals();
  }

  if (!win.umami) {
    win.umami = { track: track, identify: identify, getSession: function () { return { cache: cache, website: website }; } };
  }
  if (attribute('auto-track') !== 'false' && !unwanted()) {
    if (doc.readyState === 'complete') start(); else doc.addEventListener('readystatechange', start, true);
  }
})(window);
