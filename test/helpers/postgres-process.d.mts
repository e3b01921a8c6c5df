import type { ChildProcess } from 'node:child_process';

export function postgresPrograms(): string | undefined;
export function urlOf(directory: string): string;
export function answering(url: string, server: ChildProcess): Promise<void>;
export class PostgresPrograms {
  own(directory: string): void;
  run(program: string, args: readonly string[], cwd: string): void;
  init(data: string): void;
  start(options: {
    readonly data: string;
    readonly directory: string;
    readonly settings?: readonly string[];
    readonly network?: { readonly pid: number; readonly address: string } | undefined;
  }): ChildProcess;
}
