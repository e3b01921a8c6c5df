/** What the standard variables of OpenTelemetry ask for, apart from the libraries that carry it out. */

export type TracingWish =
  | { readonly type: 'off' }
  | { readonly type: 'on'; readonly protocol: 'http/protobuf' | 'http/json' }
  /** It is asked for in a way that is not spoken. */
  | { readonly type: 'refused'; readonly reason: string };

type Variables = Readonly<Record<string, string | undefined>>;

/** On where a collector is named, and nothing says otherwise. */
export function tracingWish(variables: Variables): TracingWish {
  const read = (name: string): string => (variables[name] ?? '').trim();
  const endpoint = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') || read('OTEL_EXPORTER_OTLP_ENDPOINT');
  const exporters = read('OTEL_TRACES_EXPORTER').split(',').filter(Boolean);
  const isOff = read('OTEL_SDK_DISABLED').toLowerCase() === 'true';
  if (endpoint === '' || isOff || (exporters.length > 0 && !exporters.includes('otlp')))
    return { type: 'off' };
  if (!/^https?:\/\//i.test(endpoint) || !URL.canParse(endpoint))
    return { type: 'refused', reason: 'the endpoint of the collector is no http:// or https:// address' };
  const protocol =
    read('OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') || read('OTEL_EXPORTER_OTLP_PROTOCOL') || 'http/protobuf';
  if (protocol === 'http/protobuf' || protocol === 'http/json') return { type: 'on', protocol };
  return {
    type: 'refused',
    reason: 'spans are sent by http/protobuf or http/json, not by what OTEL_EXPORTER_OTLP_PROTOCOL names',
  };
}
