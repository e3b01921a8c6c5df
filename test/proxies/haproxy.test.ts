import { proxySuite } from './proxy.suite.js';

proxySuite({
  name: 'haproxy',
  shortIdle: [
    ['timeout client  75s', 'timeout client  2s'],
    ['timeout server  75s', 'timeout server  2s'],
  ],
  bad: [
    {
      name: 'upgrades are refused',
      changes: [
        ['default_backend', 'http-request deny if { hdr(upgrade) -i websocket }\n    default_backend'],
      ],
      over: 'sse',
    },
    {
      name: 'event streams are compressed and upgrades are refused',
      changes: [
        ['default_backend', 'http-request deny if { hdr(upgrade) -i websocket }\n    default_backend'],
        [
          'option forwardfor',
          'compression algo gzip\n    compression type text/event-stream\n    option forwardfor',
        ],
      ],
      over: 'sse',
    },
    {
      name: 'idle connections end after five seconds',
      changes: [
        ['timeout client  75s', 'timeout client  5s'],
        ['timeout server  75s', 'timeout server  5s'],
      ],
      over: 'websocket',
      interruptions: 1,
    },
  ],
});
