import { WebSocket as WsWebSocket } from 'ws';
import { Inkwire as Client, type InkwireOptions } from './inkwire.js';

export * from './inkwire.js';

/** As in a browser; with the WebSocket of `ws` where Node has none of its own. */
export class Inkwire extends Client {
  constructor(options: InkwireOptions = {}) {
    super({ WebSocket: globalThis.WebSocket ?? WsWebSocket, ...options });
  }
}
