import { type Completable, type CompletableCommand, type CompletableOption, DEFAULT_COMMAND } from './model.ts';

/** Works as a file of $fpath and when it is sourced after compinit. */
export function zshScript(commands: readonly CompletableCommand[]): string {
  return `#compdef kube-entry
# Completion of kube-entry for zsh: source <(kube-entry completion zsh)
_kube_entry() {
  local command=${DEFAULT_COMMAND}
  if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
    local -a commands
    commands=(
${commands.map(({ name, summary }) => `      ${quoted(`${name}:${summary}`)}`).join('\n')}
    )
    _describe command commands
    return
  fi
  if [[ $words[2] != -* ]]; then
    command=$words[2]
    shift words
    (( CURRENT -= 1 ))
  fi
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [[ $funcstack[1] == _kube_entry ]]; then
  _kube_entry "$@"
else
  compdef _kube_entry kube-entry
fi`;
}

function commandCase({ name, options, argument }: CompletableCommand): string {
  const specs = [...options.flatMap(optionSpecs), ...(argument === 'nothing' ? [] : [`*: :${action(argument)}`])];
  return `    ${name})\n      _arguments \\\n${specs.map(spec => `        ${quoted(spec)}`).join(' \\\n')}\n      ;;`;
}

function optionSpecs({ name, short, description, value }: CompletableOption): string[] {
  const explained = `[${description.replace(/[[\]:\\]/g, '\\$&')}]`;
  const argument = value === 'nothing' ? '' : `:value:${action(value)}`;
  const long = `--${name}${value === 'nothing' ? '' : '='}${explained}${argument}`;
  return short === undefined ? [long] : [long, `-${short}${explained}${argument}`];
}

function action(value: Completable): string {
  if (value === 'file') return '_files';
  return typeof value === 'string' ? ' ' : `(${value.join(' ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
