import { type Completable, type CompletableCommand, DEFAULT_COMMAND } from './model.ts';

/** For bash 4 and later; without it, bash 3 completes all but file names. */
export function bashScript(commands: readonly CompletableCommand[]): string {
  return `# Completion of kube-entry for bash: source <(kube-entry completion bash)
_kube_entry() {
  local IFS=$' \\t\\n' current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command=${DEFAULT_COMMAND}
  # bash takes --option=value apart at the equals sign.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  COMPREPLY=()
  if ((COMP_CWORD == 1)) && [[ $current != -* ]]; then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current"))
    return
  fi
  [[ \${COMP_WORDS[1]} == -* ]] || command=\${COMP_WORDS[1]}
  case $command:$previous in
${commands.flatMap(valueCases).join('\n')}
  esac
  case $command:$current in
${commands.map(({ name, options }) => `    ${name}:-*) COMPREPLY=($(compgen -W '${options.map(option => `--${option.name}`).join(' ')}' -- "$current")) ;;`).join('\n')}
${commands.map(({ name, argument }) => `    ${name}:*) ${replies(argument)} ;;`).join('\n')}
  esac
}
complete -F _kube_entry kube-entry`;
}

/** Values of options, those that are completed alike together. */
function valueCases({ name, options }: CompletableCommand): string[] {
  const valued = options.filter(({ value }) => value !== 'nothing');
  return [...Map.groupBy(valued, ({ value }) => replies(value))].map(([action, alike]) => {
    const flags = alike.flatMap(option => [
      `--${option.name}`,
      ...(option.short === undefined ? [] : [`-${option.short}`]),
    ]);
    return `    ${flags.map(flag => `${name}:${flag}`).join(' | ')})\n      ${action}\n      return\n      ;;`;
  });
}

function replies(value: Completable): string {
  if (value === 'file') return 'compopt -o default 2>/dev/null';
  return typeof value === 'string' ? ':' : `COMPREPLY=($(compgen -W '${value.join(' ')}' -- "$current"))`;
}
