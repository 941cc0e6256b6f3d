import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { session } from './session.svelte.ts';

const RELOADED = 'sightline.reloaded';
const AGAIN_AFTER_MS = 10_000;

// After an upgrade a page that is still open asks for files that are gone; a reload brings the new ones. Once: if it
// fails again right away, reloading is not the cure, and the page says so instead.
window.addEventListener('vite:preloadError', (event) => {
  const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
  if (Date.now() - last < AGAIN_AFTER_MS) return;
  event.preventDefault();
  sessionStorage.setItem(RELOADED, String(Date.now()));
  window.location.reload();
});

void session.start();

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
