/** What follows a command: words of which one comes first, and options. A test holds it equal to what `--help` says. */
export interface CommandWords {
  readonly verbs?: readonly string[];
  readonly options: readonly string[];
}

const server = ['--url', '--key-file', '--json'];

/** Every command. */
export const commands: Readonly<Record<string, CommandWords>> = {
  serve: { options: [] },
  doctor: { options: ['--json', '--only'] },
  keys: {
    verbs: ['create', 'list', 'disable', 'rotate'],
    options: ['--owner', '--scopes', '--expires-in', '--grace', '--init', '--json'],
  },
  backup: { options: ['--json'] },
  restore: { options: ['--check', '--replace', '--json'] },
  'migrate-store': { options: ['--from', '--to', '--blobs'] },
  submit: {
    options: [
      ...server,
      '--group',
      '--idempotency-key',
      '--kind',
      '--output',
      '--priority',
      '--strict',
      '--watch',
    ],
  },
  watch: { options: [...server, '--output'] },
  batch: { options: [...server, '--concurrency', '--group', '--kind', '--name', '--output', '--priority'] },
  jobs: {
    verbs: ['list', 'get', 'history', 'request', 'cancel', 'retry', 'delete'],
    options: [
      ...server,
      '--group',
      '--kind',
      '--limit',
      '--owner',
      '--reference',
      '--search',
      '--since',
      '--status',
      '--tag',
    ],
  },
  queue: { verbs: ['status', 'pause', 'resume'], options: [...server, '--reason'] },
  top: { options: [...server, '--interval', '--owner'] },
  designs: {
    verbs: ['validate', 'render', 'watch', 'push'],
    options: [...server, '--expect', '--id', '--locale', '--output', '--params', '--sample'],
  },
  fill: { options: [...server, '--max-failed', '--no-header', '--output', '--package'] },
  package: { verbs: ['build', 'inspect', 'preview'], options: [...server, '--output', '--page'] },
  webhooks: {
    verbs: ['list', 'add', 'on', 'off', 'remove', 'test', 'rotate', 'deliveries', 'replay'],
    options: [
      ...server,
      '--after',
      '--description',
      '--event',
      '--group',
      '--kind',
      '--limit',
      '--overlap',
      '--reference-only',
      '--show',
      '--since',
      '--tag',
      '--until',
      '--waiting',
    ],
  },
  verify: { options: [...server, '--cut-after', '--jobs', '--seconds'] },
  completion: { verbs: ['bash', 'zsh', 'fish'], options: [] },
};
