import { parseArgs } from 'node:util';
import { closest } from '../text/closest.ts';
import { flagOf, SCHEMA, SETTING_KEYS, type SettingKey, SHORT_FLAGS } from './schema.ts';

/** An option of one command, beside the settings. */
export interface CommandOption {
  readonly placeholder: string;
  readonly description: string;
  readonly short?: string;
  /** What completion offers for its value; without them, the words of the placeholder. */
  readonly words?: readonly string[];
  /** It may be given several times. Its text has a line for each value. */
  readonly isRepeatable?: boolean;
}

export interface ParsedFlags {
  /** Setting key to its raw value: a text, a list of texts, or a boolean. */
  readonly values: Readonly<Record<string, unknown>>;
  /** The command's own options: a text, or true for one without placeholder. */
  readonly options: Readonly<Record<string, string | true>>;
  readonly positionals: readonly string[];
  /** Those of them that may be values of unknown options. */
  readonly strays: readonly string[];
  readonly problems: readonly string[];
}

/** kubectl's `-A`: no namespace in particular, whatever the environment or the config file say. */
export const ALL_NAMESPACES = { name: 'all-namespaces', short: 'A' } as const;

/** What was meant by a flag that other programs have. */
const HINTS: Readonly<Record<string, string>> = {
  v: 'for the version write --version, for more of the log --log-level debug',
  verbose: 'for more of the log write --log-level debug',
  f: 'name files without a flag (check) or with --manifests',
  w: 'only kube-entry status has --watch',
};

/** Reads a command line; every problem is collected, none thrown. */
export function parseFlags(
  args: readonly string[],
  settings: readonly SettingKey[] = SETTING_KEYS,
  commandOptions: Readonly<Record<string, CommandOption>> = {},
): ParsedFlags {
  const keyOf = new Map(settings.map(key => [flagOf(key), key]));
  const takesNamespaces = settings.includes('namespace');
  const isSwitch = (name: string): boolean => {
    if (name === ALL_NAMESPACES.name) return true;
    const key = keyOf.get(name);
    return key === undefined ? commandOptions[name]?.placeholder === '' : SCHEMA[key].kind.isSwitch;
  };
  const shortOf = (name: string): string | undefined => {
    const key = keyOf.get(name);
    if (name === ALL_NAMESPACES.name) return ALL_NAMESPACES.short;
    return key === undefined ? commandOptions[name]?.short : SHORT_FLAGS[key];
  };
  const names = [...keyOf.keys(), ...Object.keys(commandOptions), ...(takesNamespaces ? [ALL_NAMESPACES.name] : [])];
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      names.map(name => {
        const short = shortOf(name);
        return [name, { type: isSwitch(name) ? 'boolean' : 'string', ...(short === undefined ? {} : { short }) }];
      }),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });

  const values: Record<string, unknown> = {};
  const options: Record<string, string | true> = {};
  const positionals: string[] = [];
  const strays: string[] = [];
  const problems: string[] = [];
  let allNamespaces = false;
  const storeOption = (name: string, value: string | boolean): void => {
    const before = options[name];
    const isFurther = before !== undefined && commandOptions[name]?.isRepeatable === true;
    options[name] = isFurther ? `${before}\n${value}` : value === false ? 'off' : value;
  };
  const store = (name: string, value: string | boolean): void => {
    const key = keyOf.get(name);
    if (name === ALL_NAMESPACES.name) allNamespaces = value !== false;
    else if (key === undefined) storeOption(name, value);
    else if (SCHEMA[key].kind.isList)
      values[key] = [...((values[key] as string[] | undefined) ?? []), ...String(value).split(',')];
    else values[key] = value;
  };

  let lastUnknown: number | undefined;
  let lastSwitch: { readonly name: string; readonly index: number } | undefined;
  for (const token of tokens) {
    if (token.kind === 'positional') {
      // nginx's users write `--merge-slashes off`; no command takes such a word as its argument.
      if (lastSwitch?.index === token.index - 1 && /^(?:on|off|true|false)$/.test(token.value)) {
        store(lastSwitch.name, token.value);
      } else {
        positionals.push(token.value);
        if (lastUnknown === token.index - 1) strays.push(token.value);
      }
    } else if (token.kind === 'option') {
      const negated = token.name.startsWith('no-') && isSwitch(token.name.slice(3));
      const name = negated ? token.name.slice(3) : token.name;
      if (!names.includes(name)) {
        if (token.value === undefined) lastUnknown = token.index;
        problems.push(`${token.rawName}: unknown option${adviceFor(name, names)}`);
      } else if (negated && token.value !== undefined) {
        problems.push(`${token.rawName}: takes no value`);
      } else if (isSwitch(name)) {
        store(name, token.value ?? !negated);
        if (!negated && token.value === undefined) lastSwitch = { name, index: token.index };
      } else if (token.value === undefined) {
        problems.push(`${token.rawName}: needs a value`);
      } else if (!token.inlineValue && /^-./.test(token.value)) {
        // Most likely the next option, which would be lost without a word.
        problems.push(`${token.rawName}: needs a value; write --${name}=${token.value} if that is one`);
      } else {
        // `-n=shop`, as kubectl takes it: parseArgs knows the equals sign after long names alone.
        const isShort = !token.rawName.startsWith('--');
        store(name, isShort && token.inlineValue ? token.value.replace(/^=/, '') : token.value);
      }
    }
  }
  if (allNamespaces) values.namespace = [];
  return { values, options, positionals, strays, problems };
}

function adviceFor(name: string, names: readonly string[]): string {
  if (Object.hasOwn(HINTS, name)) return `; ${HINTS[name]}`;
  const near = closest(name, names);
  return near === undefined ? '' : `; did you mean --${near}?`;
}
