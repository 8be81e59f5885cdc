import { SettingsError } from '../../errors.ts';
import { notOneOf } from '../../text/one-of.ts';
import { type Command, EXIT } from '../command.ts';
import { bashScript } from './bash.ts';
import { fishScript } from './fish.ts';
import { type CompletableCommand, completableCommands } from './model.ts';
import { zshScript } from './zsh.ts';

const SHELLS: Readonly<Record<string, (commands: readonly CompletableCommand[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** @param commands returns all commands, this one included; called when it runs */
export function completionOf(commands: () => readonly Command[]): Command {
  return {
    name: 'completion',
    parameters: Object.keys(SHELLS).join('|'),
    arity: { least: 1, most: 1 },
    summary: 'print the completion script of a shell',
    description:
      'It completes commands, options and their values. Nothing is installed: the examples say where the line goes.',
    examples: [
      { line: 'source <(kube-entry completion bash)', note: 'in ~/.bashrc' },
      { line: 'source <(kube-entry completion zsh)', note: 'in ~/.zshrc, after compinit' },
      { line: 'kube-entry completion fish | source', note: 'in ~/.config/fish/config.fish' },
    ],
    settings: [],
    options: {},
    async run({ flags, io }) {
      const [shell = ''] = flags.positionals;
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined;
      if (script === undefined) {
        throw new SettingsError([`completion: ${notOneOf(shell, Object.keys(SHELLS))}`]);
      }
      io.print(script(completableCommands(commands())));
      return EXIT.ok;
    },
  };
}
