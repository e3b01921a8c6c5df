import type { ChildProcess } from 'node:child_process';

export function postgresPrograms(): string | undefined;
export function hasPgbouncer(): boolean;
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
  startPooler(options: {
    readonly directory: string;
    readonly server: string;
    readonly mode: 'transaction' | 'session';
    readonly size: number;
  }): ChildProcess;
}
