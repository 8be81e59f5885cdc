/** From a command line to an exit code: finds the command, reads its flags and settings, reports errors. */
import { KubeEntryError, messageOf, SettingsError } from '../errors.ts';
import { type CommandOption, type ParsedFlags, parseFlags } from '../settings/flags.ts';
import { loadSettings } from '../settings/load.ts';
import { closest } from '../text/closest.ts';
import { printable, printableLines } from '../text/printable.ts';
import { backends } from './backends.ts';
import { certificates } from './certificates.ts';
import { check } from './check.ts';
import { type Command, EXIT } from './command.ts';
import { completionOf } from './completion/completion.ts';
import { explain } from './explain.ts';
import { commandHelp, overview } from './help.ts';
import { type Io, processIo } from './io.ts';
import { migrate } from './migrate-command.ts';
import { replay } from './replay.ts';
import { routes } from './routes.ts';
import { serve } from './serve-command.ts';
import { status } from './status.ts';
import { version } from './version.ts';

const help: Command = {
  name: 'help',
  parameters: '[COMMAND]',
  arity: { least: 0, most: 1 },
  summary: 'list the commands, or describe one',
  description: 'The same as --help after a command.',
  examples: [{ line: 'kube-entry help routes', note: 'describes routes, its options and settings' }],
  settings: [],
  options: {},
  async run({ flags, io }) {
    const [name] = flags.positionals;
    io.print(name === undefined ? overview(COMMANDS) : commandHelp(commandNamed(name)));
    return EXIT.ok;
  },
};

const completion = completionOf(() => COMMANDS);

export const COMMANDS: readonly Command[] = [
  serve,
  routes,
  check,
  status,
  explain,
  backends,
  certificates,
  migrate,
  replay,
  completion,
  help,
  version,
];

const HELP: CommandOption = { placeholder: '', short: 'h', description: 'describe the command' };

/**
 * Runs the command that the arguments ask for.
 * @param argv what follows the program's name
 * @returns the exit code; every failure has been reported by then
 */
export async function run(argv: readonly string[], io: Io = processIo()): Promise<number> {
  const report = (line: string): void => io.complain(`kube-entry: ${printable(line)}`);
  let showStack = false;
  let usage = 'kube-entry --help';
  try {
    const [first, ...rest] = argv;
    if (first === '--help' || first === '-h') return await run(['help', ...rest], io);
    if (first === '--version' || first === '-V') return await run(['version', ...rest], io);
    const isDefault = first === undefined || first.startsWith('-');
    const command = isDefault ? serve : commandNamed(first);
    usage = `kube-entry ${command.name} --help`;
    const flags = readFlags(command, isDefault ? argv : rest);
    if (flags.options.help === true) {
      io.print(commandHelp(command));
      return EXIT.ok;
    }
    const settings = loadSettings({ flags, environment: command.settings.length > 0 ? io.environment : {} });
    showStack = settings.logLevel === 'debug';
    return await command.run({ settings, flags, io });
  } catch (error) {
    if (error instanceof SettingsError) {
      for (const problem of error.problems) report(problem);
      report(`see ${usage}`);
      return EXIT.usage;
    }
    if (error instanceof KubeEntryError) {
      report(error.message);
      return error.code === 'UNKNOWN_CONTEXT' ? EXIT.usage : EXIT.no;
    }
    report(`internal error: ${messageOf(error)}${showStack ? '' : '; --log-level debug shows where'}`);
    if (showStack && error instanceof Error && error.stack !== undefined) io.complain(printableLines(error.stack));
    return EXIT.internal;
  }
}

function readFlags(command: Command, args: readonly string[]): ParsedFlags {
  const flags = parseFlags(args, command.settings, { ...command.options, help: HELP });
  const { least, most } = command.arity;
  const count = flags.positionals.length;
  const problems: string[] = [];
  if (count < least) {
    const example = command.examples[0]?.line;
    problems.push(
      `${command.name}: ${command.parameters} is missing${example === undefined ? '' : `, as in ${example}`}`,
    );
  }
  for (const extra of flags.positionals.slice(most)) {
    if (!flags.strays.includes(extra)) problems.push(`${extra}: unexpected argument`);
  }
  return { ...flags, problems: [...flags.problems, ...problems] };
}

/** @throws SettingsError for a name that no command has */
function commandNamed(name: string): Command {
  const command = COMMANDS.find(candidate => candidate.name === name);
  if (command !== undefined) return command;
  const names = COMMANDS.map(candidate => candidate.name);
  const near = closest(name, names);
  throw new SettingsError([
    `${name}: unknown command; ${near === undefined ? `known are ${names.join(', ')}` : `did you mean ${near}?`}`,
  ]);
}
