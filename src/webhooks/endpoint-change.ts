import type { EndpointSettings } from './stored.js';

/** What a caller says of an endpoint; what is left out stays as it is, or has its default. */
export interface EndpointChange {
  readonly url?: string;
  readonly profile?: string;
  readonly payload?: EndpointSettings['payload'];
  readonly events?: readonly string[] | null;
  readonly tags?: readonly string[] | null;
  readonly kinds?: readonly string[] | null;
  readonly groups?: readonly string[] | null;
  readonly description?: string | null;
  readonly enabled?: boolean;
  readonly secret?: string;
  readonly context?: string;
}

/** Members that are null go; those that are left out stay. */
export function changed(settings: EndpointSettings, change: EndpointChange): EndpointSettings {
  const { url = settings.url, profile = settings.profile, payload = settings.payload } = change;
  const { enabled = settings.enabled, context = settings.context } = change;
  const events = after(settings.events, change.events);
  const tags = after(settings.tags, change.tags);
  const kinds = after(settings.kinds, change.kinds);
  const groups = after(settings.groups, change.groups);
  const description = after(settings.description, change.description);
  return {
    url,
    profile,
    payload,
    ...(events === undefined ? {} : { events }),
    ...(tags === undefined ? {} : { tags }),
    ...(kinds === undefined ? {} : { kinds }),
    ...(groups === undefined ? {} : { groups }),
    ...(description === undefined ? {} : { description }),
    enabled,
    secrets: settings.secrets,
    ...(context === undefined ? {} : { context }),
  };
}

function after<Value>(before: Value | undefined, change: Value | null | undefined): Value | undefined {
  return change === undefined ? before : (change ?? undefined);
}
