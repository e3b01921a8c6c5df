import { proxySuite } from './proxy.suite.js';

const noUpgrade = [/ +proxy_set_header (Upgrade|Connection) .*\n/, ''] as const;

proxySuite({
  name: 'nginx',
  shortIdle: [['proxy_read_timeout 75s', 'proxy_read_timeout 2s']],
  bad: [
    { name: 'the upgrade headers are not passed on', changes: [noUpgrade], over: 'sse' },
    {
      name: 'event streams are buffered, and the upgrade headers are not passed on',
      changes: [
        noUpgrade,
        [
          'proxy_read_timeout',
          'proxy_buffering on; proxy_ignore_headers X-Accel-Buffering; proxy_read_timeout',
        ],
      ],
      over: 'long-poll',
    },
    {
      name: 'idle connections end after five seconds',
      changes: [['proxy_read_timeout 75s', 'proxy_read_timeout 5s']],
      over: 'websocket',
      interruptions: 1,
    },
    {
      name: 'nothing is set but the address of the server',
      changes: [[/ +proxy_(set_header|http_version|read_timeout) .*\n/, '']],
      over: 'sse',
    },
  ],
});
