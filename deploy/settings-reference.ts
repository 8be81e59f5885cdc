/** Writes deploy/settings.md from the settings' schema: `npm run docs:settings`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { HEADING } from '../src/cli/help.ts';
import { writeSettings } from '../src/settings/load.ts';
import { DEFAULTS, environmentOf, flagOf, SCHEMA, SETTING_KEYS, type SettingKey } from '../src/settings/schema.ts';

export const REFERENCE_FILE: string = join(import.meta.dirname, 'settings.md');

const INTRODUCTION = `# Settings

Made from src/settings/schema.ts by \`npm run docs:settings\`.

Each setting is a flag of \`kube-entry serve\`, an environment variable and a key of the YAML file that \`--config\` names; the
first of these wins. A *live* one changes in a running instance: by \`SIGHUP\` after an edit of the file, or by \`POST
/configuration/general\` on the admin socket. An unknown name or a bad value stops the start, with all that is wrong.

| value | how it is written |
| --- | --- |
| \`DURATION\` | a whole number with \`ms\`, \`s\`, \`m\` or \`h\`: \`500ms\`, \`5s\`, \`2m\` |
| \`SIZE\` | bytes, or with \`k\`, \`m\` or \`g\`: \`512\`, \`10m\`, \`1g\` |
| \`ADDR:PORT\` | \`127.0.0.1:8080\`, \`[::]:8080\`, \`:8080\` |
| \`on\\|off\` | as a flag also without a value, or \`--no-…\`; in YAML also \`true\` and \`false\` |
| \`…,…\` | a list: separated by commas, as a flag also repeated, in YAML also a sequence |
`;

/** The whole of the file, the same on every machine. */
export function settingsReference(): string {
  const sections = [...Map.groupBy(SETTING_KEYS, key => HEADING[key])].map(([heading, keys]) =>
    [
      `## ${heading}`,
      '',
      '| flag, environment, key | value | default | live | |',
      '| --- | --- | --- | --- | --- |',
      ...keys.map(row),
      '',
    ].join('\n'),
  );
  return [INTRODUCTION, ...sections].join('\n');
}

function row(key: SettingKey): string {
  const { kind, live, description } = SCHEMA[key];
  const names = [`--${flagOf(key)}`, environmentOf(key), key].map(code).join('<br>');
  const value = code(kind.isSwitch ? 'on|off' : kind.placeholder);
  return `| ${names} | ${value} | ${defaultOf(key)} | ${live ? 'live' : ''} | ${cell(description)} |`;
}

const WRITTEN = writeSettings(DEFAULTS);

function defaultOf(key: SettingKey): string {
  // The schema has the number of this machine.
  if (key === 'workers') return 'one per CPU';
  const written = WRITTEN[key];
  if (typeof written === 'boolean') return code(written ? 'on' : 'off');
  return code(String(written));
}

function code(text: string): string {
  return text === '' ? '' : `\`${cell(text)}\``;
}

/** A bar would end the cell, even within code. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}

if (import.meta.main) writeFileSync(REFERENCE_FILE, settingsReference());
