import { describe, expect, it } from 'vitest';
import { DeferredSession } from '../../client/sdk/stream/deferred-session.js';
import type { Session } from '../../client/sdk/stream/session.js';
import { Subscription } from '../../client/sdk/stream/subscription.js';

class ScriptedSession implements Session {
  readonly attached = new Set<Subscription>();
  readonly state = { status: 'live', resumes: 3 } as const;
  closed = 0;
  woken = 0;

  attach(subscription: Subscription): void {
    this.attached.add(subscription);
  }
  detach(subscription: Subscription): void {
    this.attached.delete(subscription);
  }
  wake(): void {
    this.woken += 1;
  }
  close(): void {
    this.closed += 1;
  }
}

function late() {
  const session = new ScriptedSession();
  let loaded: (session: Session) => void = () => undefined;
  const loading = new Promise<Session>((resolve) => {
    loaded = resolve;
  });
  const load = async () => {
    loaded(session);
    await loading;
  };
  return { session, load, proxy: new DeferredSession(loading) };
}

function subscription(failures: unknown[] = []): Subscription {
  const ignore = () => undefined;
  const sink = { reset: ignore, snapshot: ignore, fact: ignore, progress: ignore };
  return new Subscription(
    { topics: ['jobs'], snapshot: true, progress_ms: 0 },
    { ...sink, fail: (error) => failures.push(error) },
  );
}

describe('a line that is still being loaded', () => {
  it('hands on what was attached and not left meanwhile', async () => {
    const { session, load, proxy } = late();
    const [stays, leaves] = [subscription(), subscription()];
    proxy.attach(stays);
    proxy.attach(leaves);
    proxy.detach(leaves);
    expect(proxy.state).toEqual({ status: 'idle', resumes: 0 });
    await load();
    expect([...session.attached]).toEqual([stays]);
    expect(proxy.state).toBe(session.state);
  });

  it('is the line once it is there', async () => {
    const { session, load, proxy } = late();
    await load();
    const one = subscription();
    proxy.attach(one);
    expect(session.attached.has(one)).toBe(true);
    proxy.detach(one);
    expect(session.attached.has(one)).toBe(false);
    proxy.wake();
    expect(session.woken).toBe(1);
  });

  it('that was closed before fails what waited and closes the line that comes', async () => {
    const { session, load, proxy } = late();
    const failures: unknown[] = [];
    proxy.attach(subscription(failures));
    proxy.close();
    proxy.close();
    proxy.attach(subscription(failures));
    expect(failures.map(String)).toEqual(Array(2).fill('InkwireError: The client was closed.'));
    expect(proxy.state.status).toBe('closed');
    await load();
    expect(session.closed).toBe(1);
    expect(session.attached.size).toBe(0);
  });
});
