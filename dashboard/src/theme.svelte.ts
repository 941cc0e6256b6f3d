/** Light, dark, or what the system says, and how dense; public/theme.js applies the same choices before the first paint. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeName = (typeof THEMES)[number];

const KEY = 'sightline.theme';

function chosen(): ThemeName {
  const found = document.documentElement.dataset.theme;
  return found === 'light' || found === 'dark' ? found : 'system';
}

class Theme {
  name = $state<ThemeName>(chosen());
  #systemIsDark = $state(false);
  /** Whether colours are dark now, whoever chose that: for what is drawn and takes no colours from a sheet. */
  isDark = $derived(this.name === 'dark' || (this.name === 'system' && this.#systemIsDark));

  constructor() {
    const query = matchMedia('(prefers-color-scheme: dark)');
    const changed = (): void => void (this.#systemIsDark = query.matches);
    query.addEventListener('change', changed);
    changed();
  }

  set(name: ThemeName): void {
    this.name = name;
    if (name === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = name;
    try {
      if (name === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, name);
    } catch {
      // Storage is blocked: the choice holds until the page is left.
    }
  }
}

export const theme = new Theme();

export const DENSITIES = ['normal', 'compact'] as const;
export type DensityName = (typeof DENSITIES)[number];

const DENSITY_KEY = 'sightline.density';

class Density {
  name = $state<DensityName>(document.documentElement.dataset.density === 'compact' ? 'compact' : 'normal');

  set(name: DensityName): void {
    this.name = name;
    if (name === 'normal') delete document.documentElement.dataset.density;
    else document.documentElement.dataset.density = name;
    try {
      if (name === 'normal') localStorage.removeItem(DENSITY_KEY);
      else localStorage.setItem(DENSITY_KEY, name);
    } catch {
      // Storage is blocked: the choice holds until the page is left.
    }
  }
}

export const density = new Density();
