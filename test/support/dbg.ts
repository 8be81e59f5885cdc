/** Asks the admin socket what ingress-nginx 0.25's `dbg` asks nginx, and prints what it prints. */
import { type Destination, get } from './exchange.ts';

export class Dbg {
  readonly #admin: Destination;

  constructor(admin: Destination) {
    this.#admin = admin;
  }

  /** `dbg general`: the body, indented. */
  general(): Promise<string> {
    return this.#indented('/configuration/general');
  }

  /** `dbg backends all` */
  all(): Promise<string> {
    return this.#indented('/configuration/backends');
  }

  /** `dbg backends list` */
  async list(): Promise<string> {
    return (await this.#backends()).map(({ name }) => `${name}\n`).join('');
  }

  /** `dbg backends get NAME`: Go sorts the keys of a map. */
  async get(name: string): Promise<string> {
    const backend = (await this.#backends()).find(one => one.name === name);
    return backend === undefined
      ? 'A backend of this name was not found.\n'
      : `${JSON.stringify(sorted(backend), null, 2)}\n`;
  }

  async #indented(path: string): Promise<string> {
    return `${JSON.stringify(JSON.parse(await this.#body(path)), null, 2)}\n`;
  }

  /** A list of maps, each with a text for a name: anything else ends dbg with a panic. */
  async #backends(): Promise<{ readonly name: string }[]> {
    const value: unknown = JSON.parse(await this.#body('/configuration/backends'));
    if (!Array.isArray(value) || value.some(one => typeof one?.name !== 'string')) throw new TypeError('dbg panics');
    return value as { readonly name: string }[];
  }

  async #body(path: string): Promise<string> {
    const { status, body } = await get(this.#admin, path);
    if (status !== 200) throw new Error(`Nginx returned code ${status}`);
    return body;
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
