/** `--output`: the same answer for people and for scripts. */
import { SettingsError } from '../errors.ts';
import { formatYaml } from '../formats/yaml.ts';
import type { CommandOption, ParsedFlags } from '../settings/flags.ts';
import { notOneOf } from '../text/one-of.ts';
import { printableLines } from '../text/printable.ts';

const FORMATS = ['table', 'json', 'yaml'] as const;

export type OutputFormat = (typeof FORMATS)[number];

export const OUTPUT_OPTION: CommandOption = {
  placeholder: FORMATS.join('|'),
  short: 'o',
  description: 'default table',
};

/** @throws SettingsError for an unknown format */
export function outputFormat({ options }: ParsedFlags, fallback: OutputFormat = 'table'): OutputFormat {
  const { output = fallback } = options;
  const format = FORMATS.find(known => known === output);
  if (format === undefined) throw new SettingsError([`--output: ${notOneOf(output, FORMATS)}`]);
  return format;
}

/** @param table makes the answer for people; called only for that format */
export function formatAnswer(format: OutputFormat, answer: object, table: () => string): string {
  switch (format) {
    case 'table':
      return table();
    case 'json':
      return printableLines(JSON.stringify(answer, undefined, 2));
    case 'yaml':
      return formatYaml(answer).trimEnd();
  }
}
