import type { Page } from 'playwright-core';

type Environment = Readonly<Record<string, string | undefined>>;

export function makeReactPage(options: {
  readonly folder: string;
  readonly url: string;
  readonly env: Environment;
}): Promise<void>;
export function serveReactPage(options: {
  readonly project: string;
  readonly env: Environment;
}): Promise<{ readonly address: string; close(): Promise<void> }>;
export function useReactPage(
  page: Page,
  address: string,
): Promise<{ readonly seen: readonly string[]; readonly begin: string }>;
