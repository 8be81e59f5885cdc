/** Light or dark: the system's choice, until a person chooses another. Runs before the page is painted. */

const KEY = 'kube-entry-theme';
const root = document.documentElement;

const chosen = remembered();
if (chosen === 'light' || chosen === 'dark') root.dataset.theme = chosen;

function isDark() {
  return (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';
}

/** @param {HTMLElement} button */
export function wireThemeButton(button) {
  const show = () => button.setAttribute('aria-pressed', String(isDark()));
  show();
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    remember(root.dataset.theme);
    show();
  });
}

/** A browser may be set to store nothing. The choice then lasts as long as the page. */
function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

/** @param {string} theme */
function remember(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // As above.
  }
}
