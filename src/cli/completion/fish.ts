import { type Completable, type CompletableCommand, type CompletableOption, DEFAULT_COMMAND } from './model.ts';

export function fishScript(commands: readonly CompletableCommand[]): string {
  return [
    '# Completion of kube-entry for fish: kube-entry completion fish | source',
    'complete --command kube-entry --erase',
    'complete --command kube-entry --no-files',
    ...commands.flatMap(commandLines),
  ].join('\n');
}

function commandLines({ name, summary, options, argument }: CompletableCommand): string[] {
  const seen = `__fish_seen_subcommand_from ${name}`;
  const optionsWhen = name === DEFAULT_COMMAND ? `__fish_use_subcommand; or ${seen}` : seen;
  return [
    line('__fish_use_subcommand', `--arguments ${name}`, summary),
    ...options.map(option => line(optionsWhen, optionWords(option), option.description)),
    ...(argument === 'nothing' || argument === 'text' ? [] : [line(seen, valueWords(argument))]),
  ];
}

function line(condition: string, words: string, description?: string): string {
  const told = description === undefined ? '' : ` --description ${quoted(description)}`;
  return `complete --command kube-entry --condition ${quoted(condition)} ${words}${told}`;
}

function optionWords({ name, short, value }: CompletableOption): string {
  const names = `--long-option ${name}${short === undefined ? '' : ` --short-option ${short}`}`;
  if (value === 'nothing') return names;
  return value === 'text' ? `${names} --exclusive` : `${names} --require-parameter ${valueWords(value)}`;
}

function valueWords(value: Completable): string {
  if (typeof value === 'string') return '--force-files';
  return `--no-files --arguments ${quoted(value.join(' '))}`;
}

function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
