import { accessSync, constants, existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { ProgramLimits } from './program-call.js';
import type { Input, PrivateFolder } from './program-folder.js';
import { supervisorScript } from './program-process.js';

/** What stands between an external program and this machine. */
export type GuardName = 'bubblewrap' | 'unshare' | 'none: refused' | 'none: allowed';

/** One run, as a sandbox gets it. */
export interface Cell {
  readonly folder: PrivateFolder;
  readonly inputs: readonly Input[];
  /** Paths that the program needs beside the system's own; it sees them read-only at the same place. */
  readonly shows: readonly string[];
  /** The program, by its absolute path, and its arguments. */
  readonly command: readonly string[];
  readonly limits: ProgramLimits;
}

/**
 * A way to run a program without network, and with nothing of this machine in sight but programs, libraries, fonts and
 * its private folder. Its first process must be the supervisor, so that all others end with it.
 */
export interface Sandbox {
  readonly name: Extract<GuardName, 'bubblewrap' | 'unshare'>;
  /** The program and arguments that run a cell; undefined where this machine has not what it takes. */
  command(cell: Cell): readonly string[] | undefined;
}

/** Not the caller's PATH: what a user has put into a folder of its own is no program of the server. */
const programDirectories = [
  '/usr/local/bin',
  '/usr/bin',
  '/bin',
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
] as const;

/** @param file a name, looked for in `programDirectories`, or an absolute path; undefined when it cannot be run */
export function findProgram(file: string): string | undefined {
  const candidates = isAbsolute(file) ? [file] : programDirectories.map((directory) => join(directory, file));
  return candidates.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** What every program may see, where it is there: itself, libraries and fonts; no settings of other programs, no homes. */
const systemPaths = [
  ...['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'],
  ...['/etc/alternatives', '/etc/fonts', '/etc/ld.so.cache', '/etc/ld.so.conf', '/etc/ld.so.conf.d'],
  ...['/etc/localtime', '/var/cache/fontconfig'],
];
const deviceNames = ['null', 'zero', 'full', 'random', 'urandom'];

/** Where programs find things in a sandbox; without one, in the private folder. */
export const inside = { out: '/job/out', in: '/job/in', tmp: '/tmp' };

/** The whole environment of a program. Without a sandbox temporary files go into the private folder by these names. */
export function environmentOf(folder: PrivateFolder, isSandboxed: boolean): Readonly<Record<string, string>> {
  const tmp = isSandboxed ? inside.tmp : folder.tmp;
  return { PATH: programDirectories.join(':'), HOME: tmp, TMPDIR: tmp, LANG: 'C.UTF-8' };
}

interface Mount {
  /** `link`: `from` is the text of a symbolic link. */
  readonly type: 'read' | 'write' | 'link';
  readonly from: string;
  readonly to: string;
}

function mountsOf({ folder, inputs, shows, command }: Cell): readonly Mount[] {
  const read = (path: string): Mount => ({ type: 'read', from: path, to: path });
  const system = systemPaths.filter((path) => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
  const [program = ''] = command;
  const more = [...shows, program].filter((path) => !system.some((shown) => path.startsWith(`${shown}/`)));
  return [
    ...system.map((path): Mount => {
      return lstatSync(path).isSymbolicLink()
        ? { type: 'link', from: readlinkSync(path), to: path }
        : read(path);
    }),
    { type: 'write', from: folder.tmp, to: inside.tmp },
    { type: 'write', from: folder.out, to: inside.out },
    ...inputs.map(({ name, path }): Mount => ({ type: 'read', from: path, to: join(inside.in, name) })),
    ...more.filter(existsSync).map(read),
  ];
}

/** How programs are run in every sandbox. */
export interface Manner {
  /** Scheduling priority as `nice` counts it. */
  readonly nice: number;
  /** Where the tools of the system lie; `findProgram` unless something else is given. */
  readonly find?: (file: string) => string | undefined;
}

/** The program behind others that set its limits: it has them before it begins. */
function limitedCommand(
  { command, limits }: Cell,
  manner: Manner,
  countsProcesses: boolean,
): readonly string[] {
  const { nice, find = findProgram } = manner;
  const { addressBytes, cpuSeconds, processes } = kernelLimits(limits);
  const niceness = find('nice');
  const prlimit = find('prlimit');
  return [
    ...(niceness === undefined || nice === 0 ? [] : [niceness, '-n', String(nice)]),
    ...(prlimit === undefined
      ? []
      : [
          prlimit,
          ...[`--as=${addressBytes}`, `--fsize=${limits.outputBytes}`, `--nofile=${openFiles}`, '--core=0'],
          // Past the first a signal that says why, past the second the end.
          `--cpu=${cpuSeconds}:${cpuSeconds + 2}`,
          ...(countsProcesses ? [`--nproc=${processes}`] : []),
          '--',
        ]),
    ...command,
  ];
}

/** The same limits by the shell itself, where there is no `prlimit`. A limit that cannot be set ends the run. */
function shellLimits({ limits }: Cell, { find = findProgram }: Manner, countsProcesses: boolean): string {
  if (find('prlimit') !== undefined) return '';
  const { addressBytes, cpuSeconds, processes } = kernelLimits(limits);
  const set = [
    `ulimit -v ${Math.ceil(addressBytes / 1024)}`,
    `ulimit -f ${Math.ceil(limits.outputBytes / 512)}`,
    `ulimit -n ${openFiles}`,
    'ulimit -c 0',
    `ulimit -t ${cpuSeconds}`,
    // Shells do not agree on the letter.
    ...(countsProcesses ? [`{ ulimit -u ${processes} 2>/dev/null || ulimit -p ${processes}; }`] : []),
  ];
  return `{ ${set.join(' && ')}; } || { echo 125 >&3; exit 125; }; `;
}

/** The supervisor and what starts it, with room; they are counted with the program's own. */
export const ownProcesses = 4;
const openFiles = 1_024;
const mebibyte = 1024 * 1024;

/** What the watch would see too late, or not at all; wide enough that the watch, which says why, comes first. */
function kernelLimits({ wallMs, memoryMb, processes }: ProgramLimits) {
  return {
    processes: 2 * processes + ownProcesses,
    addressBytes: (4 * memoryMb + 1024) * mebibyte,
    // A program with a thread on every core uses so much; one that spins has been ended by the clock long before.
    cpuSeconds: Math.ceil(wallMs / 1000) * availableParallelism() + 1,
  };
}

const shell = '/bin/sh';

/** bubblewrap, as Flatpak uses it. https://github.com/containers/bubblewrap */
export function bubblewrap(manner: Manner): Sandbox {
  return {
    name: 'bubblewrap',
    command(cell) {
      const { find = findProgram } = manner;
      const program = find('bwrap');
      if (program === undefined) return undefined;
      const flags = { read: '--ro-bind', write: '--bind', link: '--symlink' } as const;
      return [
        ...[
          program,
          '--unshare-all',
          '--die-with-parent',
          '--new-session',
          '--as-pid-1',
          '--cap-drop',
          'ALL',
        ],
        ...mountsOf(cell).flatMap(({ type, from, to }) => [flags[type], from, to]),
        ...['--proc', '/proc', '--dev', '/dev', '--bind', join(cell.folder.path, 'shm'), '/dev/shm'],
        // What is not counted in the private folder would be memory without a limit.
        ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', inside.out, '--'],
        ...[shell, '-c', supervisorScript(shellLimits(cell, manner, true), 'exit 0'), 'sh'],
        ...limitedCommand(cell, manner, true),
      ];
    },
  };
}

/**
 * Builds the root of a sandbox in a namespace of mounts, and moves into it. Arguments: the folder for the root, then
 * three for each mount, then `--`.
 */
const rootScript = `set -e
root=$1 closed=; shift
mount -t tmpfs -o size=1m,mode=755 tmpfs "$root"
mkdir -p "$root/.old" "$root/proc" "$root/dev/shm" "$root/job/in"
while [ "$1" != -- ]; do
  to=$root$3
  mkdir -p "\${to%/*}"
  if [ "$1" = link ]; then ln -s "$2" "$to"
  else
    if [ -d "$2" ]; then mkdir -p "$to"; elif [ ! -e "$to" ]; then : >"$to"; fi
    mount --rbind "$2" "$to"
  fi
  shift 3
done
shift
mount -t proc proc "$root/proc"
mounts=$(cat /proc/self/mountinfo)
while read -r _ _ _ _ point _; do
  case $point in
    "$root/job/out" | "$root/tmp" | "$root/proc" | "$root/dev/"*) ;;
    "$root" | "$root/"*) mount -o remount,bind,ro "$point"; closed=1 ;;
  esac
done <<MOUNTS
$mounts
MOUNTS
[ -n "$closed" ]
cd "$root"
pivot_root . .old
cd /
umount -l /.old
cd ${inside.out}
set +e
`;

/** Namespaces by util-linux alone. The supervisor keeps what it needs for that; the program loses it. */
export function unshare(manner: Manner): Sandbox {
  return {
    name: 'unshare',
    command(cell) {
      const { find = findProgram } = manner;
      const [program, setpriv] = [find('unshare'), find('setpriv')];
      if (program === undefined || setpriv === undefined) return undefined;
      const devices = deviceNames.map((name): Mount => {
        return { type: 'write', from: `/dev/${name}`, to: `/dev/${name}` };
      });
      const shm: Mount = { type: 'write', from: join(cell.folder.path, 'shm'), to: '/dev/shm' };
      const mounts = [...mountsOf(cell), ...devices, shm];
      return [
        ...[program, '--user', '--map-root-user', '--mount', '--pid', '--net', '--ipc', '--uts'],
        ...['--fork', '--kill-child', '--', shell, '-c'],
        ...[rootScript + supervisorScript(shellLimits(cell, manner, true), 'exit 0'), 'sh'],
        ...[
          join(cell.folder.path, 'root'),
          ...mounts.flatMap(({ type, from, to }) => [type, from, to]),
          '--',
        ],
        ...[setpriv, '--no-new-privs', '--bounding-set=-all', '--inh-caps=-all', '--'],
        ...limitedCommand(cell, manner, true),
      ];
    },
  };
}

/**
 * No sandbox: its own group, private folder, environment and limits, and the whole network and all files of the
 * server's user. The kernel counts processes by user here, the server's own among them, so that limit is watched only.
 */
export function unguarded(cell: Cell, manner: Manner): readonly string[] {
  const script = supervisorScript(shellLimits(cell, manner, false), 'kill -KILL 0');
  return [shell, '-c', script, 'sh', ...limitedCommand(cell, manner, false)];
}
