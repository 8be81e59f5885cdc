import { readFileSync } from 'node:fs';

/** The package's version. The manifest lies one folder up, from src as from dist. */
export function programVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  return (manifest as { readonly version: string }).version;
}
