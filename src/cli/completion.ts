import { Misuse } from './arguments.js';
import { commands } from './commands.js';
import { exitCodes } from './exit-codes.js';
import { obey } from './server-access.js';
import { printLine, type Shell } from './terminal.js';

export const completionUsage = `Usage:
  inkwire completion bash|zsh|fish

Prints a script that completes commands, their first words and options, and names of files. To have it in each shell:

  bash   inkwire completion bash > ~/.local/share/bash-completion/completions/inkwire
  zsh    inkwire completion zsh > "\${fpath[1]}/_inkwire"
  fish   inkwire completion fish > ~/.config/fish/completions/inkwire.fish

Exit code: 0 done, 2 not understood.`;

const scripts: Readonly<Record<string, () => string>> = { bash, zsh, fish };

/** `inkwire completion`. @returns the exit code */
export function runCompletion(shell: Shell): Promise<number> {
  return obey(shell, 'completion', async () => {
    const [name = '', ...others] = shell.args;
    if (name === '--help' || name === '-h') {
      printLine(shell.out, completionUsage);
      return exitCodes.ok;
    }
    const script = Object.hasOwn(scripts, name) ? scripts[name] : undefined;
    if (script === undefined || others.length > 0) throw new Misuse('Name one shell: bash, zsh or fish.');
    shell.out.write(script());
    return exitCodes.ok;
  });
}

/** Words of our own: letters and dashes, which need no quotes in any shell. */
const names = Object.keys(commands).join(' ');

/** A line for each command, by a function of its name, its first words and its options. */
function lines(of: (name: string, verbs: string, options: string) => string): string {
  return Object.entries(commands)
    .map(([name, { verbs = [], options }]) => of(name, verbs.join(' '), [...options, '--help'].join(' ')))
    .join('\n');
}

function bash(): string {
  return `# bash completion for inkwire
_inkwire() {
  local current=\${COMP_WORDS[COMP_CWORD]} verbs= options=
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${names} --version --help" -- "$current"))
    return
  fi
  case \${COMP_WORDS[1]} in
${lines((name, verbs, options) => `    ${name}) verbs="${verbs}" options="${options}" ;;`)}
  esac
  if [ "\${current:0:1}" = - ]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [ "$COMP_CWORD" -eq 2 ] && [ -n "$verbs" ]; then
    COMPREPLY=($(compgen -W "$verbs" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _inkwire inkwire
`;
}

function zsh(): string {
  return `#compdef inkwire
_inkwire() {
  local -a verbs options
  if (( CURRENT == 2 )); then
    compadd -- ${names} --version --help
    return
  fi
  case $words[2] in
${lines((name, verbs, options) => `    ${name}) verbs=(${verbs}) options=(${options}) ;;`)}
  esac
  if [[ $words[CURRENT] == -* ]]; then
    compadd -- $options
  elif (( CURRENT == 3 && $#verbs > 0 )); then
    compadd -- $verbs
  else
    _files
  fi
}
if [ "$funcstack[1]" = _inkwire ]; then
  _inkwire "$@"
else
  compdef _inkwire inkwire
fi
`;
}

function fish(): string {
  const option = (text: string): string => `-l ${text.replace(/^--/, '')}`;
  const of = (name: string, verbs: string, options: string): string =>
    [
      `complete -c inkwire -n "__fish_seen_subcommand_from ${name}" ${options.split(' ').map(option).join(' ')}`,
      ...(verbs === ''
        ? []
        : [
            `complete -c inkwire -n "__fish_seen_subcommand_from ${name}; and test (count (commandline -opc)) -eq 2" -a "${verbs}"`,
          ]),
    ].join('\n');
  return `# fish completion for inkwire
complete -c inkwire -n __fish_use_subcommand -f -a "${names}"
${lines(of)}
`;
}
