/** What can be completed, generated from the commands and the settings' schema, so that the scripts are always current. */
import { ALL_NAMESPACES, type CommandOption } from '../../settings/flags.ts';
import { flagOf, SCHEMA, type SettingKey, SHORT_FLAGS } from '../../settings/schema.ts';
import type { Command } from '../command.ts';

/** What can follow: one of some words, a file, free text, or nothing. Scripts are static: a TAB asks no instance or cluster. */
export type Completable = readonly string[] | 'file' | 'text' | 'nothing';

export interface CompletableOption {
  /** Without its dashes. */
  readonly name: string;
  readonly short: string | undefined;
  readonly description: string;
  /** 'nothing' for a switch. */
  readonly value: Completable;
}

export interface CompletableCommand {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly CompletableOption[];
  readonly argument: Completable;
}

/** The command that runs if none is named. */
export const DEFAULT_COMMAND = 'serve';

const HELP: CompletableOption = {
  name: 'help',
  short: 'h',
  description: 'describe the command',
  value: 'nothing',
};

const EVERYWHERE: CompletableOption = { ...ALL_NAMESPACES, description: 'watch all namespaces', value: 'nothing' };

export function completableCommands(commands: readonly Command[]): CompletableCommand[] {
  const names = commands.map(({ name }) => name);
  return commands.map(({ name, summary, parameters, settings, options }) => ({
    name,
    summary,
    options: [...Object.entries(options).map(ownOption), ...settings.flatMap(settingOptions), HELP],
    argument: parameters === '[COMMAND]' ? names : completableOf(parameters),
  }));
}

function ownOption([name, { placeholder, short, description, words }]: [string, CommandOption]): CompletableOption {
  return { name, short, description, value: words ?? completableOf(placeholder) };
}

/** A switch that is on can only be turned off. */
function settingOptions(key: SettingKey): CompletableOption[] {
  const { kind, default: fallback, description } = SCHEMA[key];
  const name = kind.isSwitch && fallback === true ? `no-${flagOf(key)}` : flagOf(key);
  const option = { name, short: SHORT_FLAGS[key], description, value: completableOf(kind.placeholder) };
  return key === 'namespace' ? [option, EVERYWHERE] : [option];
}

function completableOf(placeholder: string): Completable {
  if (placeholder === '') return 'nothing';
  if (placeholder.includes('|')) return placeholder.split('|');
  return placeholder === 'PATH' || placeholder === 'FILE…' ? 'file' : 'text';
}
