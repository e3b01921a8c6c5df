/** All modules of the program are loaded at once, by each of its threads: fewer failed now and then. Connections need more. */
const least = 256;

/** How many files the process may have open, as `/proc/self/limits` tells it; undefined where it does not. */
export function openFilesLimit(limits: string): number | undefined {
  const [, soft] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  return soft === undefined ? undefined : Number(soft);
}

/**
 * Why a server cannot start with so few: without this the loader of modules fails somewhere, in words of its own. Undefined
 * where there are enough.
 */
export function openFilesRefusal(limit: number | undefined): readonly string[] | undefined {
  if (limit === undefined || limit >= least) return undefined;
  return [
    `The server cannot start: it may have ${limit} files open, and needs ${least} to begin with.`,
    'Raise the limit: "ulimit -n 4096" in the shell, LimitNOFILE=65536 in a unit of systemd.',
  ];
}
