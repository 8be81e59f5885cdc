import type { CommandOption, ParsedFlags } from '../settings/flags.ts';
import type { SettingKey, Settings } from '../settings/schema.ts';
import type { Io } from './io.ts';

/** What a command gets after its command line was read without a problem. */
export interface Invocation {
  readonly settings: Settings;
  readonly flags: ParsedFlags;
  readonly io: Io;
}

export interface Command {
  readonly name: string;
  /** Its arguments in the usage line, such as `FILE…`; empty if it takes none. */
  readonly parameters: string;
  readonly arity: { readonly least: number; readonly most: number };
  /** One line for the list of commands. */
  readonly summary: string;
  /** Further text of `--help`. */
  readonly description: string;
  readonly examples: readonly { readonly line: string; readonly note: string }[];
  /** The settings that it accepts as flags. */
  readonly settings: readonly SettingKey[];
  readonly options: Readonly<Record<string, CommandOption>>;
  /**
   * @returns the exit code: 0, or 1 for a negative answer
   * @throws SettingsError for wrong usage that only the command can detect; any other KubeEntryError for a failure
   */
  run(invocation: Invocation): Promise<number>;
}

export const EXIT: { readonly ok: 0; readonly no: 1; readonly usage: 2; readonly internal: 70 } = {
  ok: 0,
  no: 1,
  usage: 2,
  /** EX_SOFTWARE of sysexits.h. */
  internal: 70,
};
