/** Light, dark, or what the system says; public/theme.js applies the same choice before the first paint. */

export const THEMES = ['system', 'light', 'dark'] as const;
export type ThemeName = (typeof THEMES)[number];

const KEY = 'sightline.theme';

function chosen(): ThemeName {
  const found = document.documentElement.dataset.theme;
  return found === 'light' || found === 'dark' ? found : 'system';
}

class Theme {
  name = $state<ThemeName>(chosen());

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
