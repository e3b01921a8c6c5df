import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { processCpuMs, residentMiB } from '../kit/cpu.mjs';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';
import { ChildProcess } from './server-process.mjs';
import { listen } from './servers/publisher.mjs';

const modules = [
  '/usr/lib/nginx/modules/ngx_nchan_module.so',
  '/usr/share/nginx/modules/ngx_nchan_module.so',
];
const nginx = '/usr/sbin/nginx';

export function hasNchan() {
  return existsSync(nginx) && modules.some((path) => existsSync(path));
}

/** nginx with nchan: one worker, messages kept in its memory, and a process that publishes to it over HTTP. */
export class NchanServer {
  #directory = temporaryDirectory('nchan');
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #nginx;
  /** @type {ChildProcess | undefined} */
  #publisher;
  /** @type {Promise<{ port: number }>} */
  ready;

  constructor() {
    this.ready = this.#start();
  }

  async #start() {
    const port = await freePort();
    const path = join(this.#directory, 'nginx.conf');
    writeFileSync(
      path,
      `load_module ${modules.find((module) => existsSync(module))};
daemon off; worker_processes 1; pid ${this.#directory}/pid; error_log ${this.#directory}/error.log;
worker_rlimit_nofile 20000;
events { worker_connections 15000; }
http {
  access_log off; client_body_temp_path ${this.#directory}; proxy_temp_path ${this.#directory};
  fastcgi_temp_path ${this.#directory}; uwsgi_temp_path ${this.#directory}; scgi_temp_path ${this.#directory};
  keepalive_requests 1000000; keepalive_timeout 1h; nchan_shared_memory_size 256m;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location /publish { nchan_publisher; nchan_channel_id jobs; nchan_message_buffer_length 5000; nchan_message_timeout 5m; }
    location /follow { nchan_subscriber; nchan_channel_id jobs; nchan_subscriber_first_message newest; }
  }
}
`,
    );
    this.#nginx = spawn(nginx, ['-c', path], { stdio: 'inherit' });
    // The master alone would leave its worker behind if it were killed.
    process.once('exit', () => this.#nginx?.kill('SIGTERM'));
    await new Promise((resolve) => setTimeout(resolve, 500));
    this.#publisher = new ChildProcess('./servers/nchan-publisher.mjs', { args: [String(port)] });
    await this.#publisher.ready;
    return { port };
  }

  /** The worker: what delivers. */
  get pid() {
    const master = this.#nginx?.pid ?? 0;
    return Number(readFileSync(`/proc/${master}/task/${master}/children`, 'latin1').trim().split(' ')[0]);
  }

  get cpuMs() {
    return processCpuMs(this.pid);
  }

  get residentMiB() {
    return residentMiB(this.pid);
  }

  /**
   * @param {string} name
   * @param {object} [args]
   */
  order(name, args) {
    return this.#publisher?.order(name, args);
  }

  /** @param {object} event */
  tell(event) {
    this.#publisher?.tell(event);
  }

  async close() {
    await this.#publisher?.close();
    const exited = new Promise((resolve) => this.#nginx?.once('exit', resolve));
    this.#nginx?.kill('SIGTERM');
    await exited;
    removeDirectory(this.#directory);
  }
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer();
  const port = await listen(server);
  await new Promise((resolve) => server.close(() => resolve(undefined)));
  return port;
}
