import type { FastifyInstance, RouteOptions } from 'fastify';
import { problem } from '../../protocol/problem.js';
import { pathOf } from '../reply/problem-reply.js';
import type { Check } from './admission.js';

/** All routes of a server, as they were added. */
export interface RouteIndex {
  readonly routes: readonly RouteOptions[];
  /** Methods of the routes that the path of an address fits, OPTIONS among them; undefined where there is none. */
  methodsOf(url: string): readonly string[] | undefined;
  /** Whether there is a route there that is opened by a handshake. */
  takesHandshakes(url: string): boolean;
}

/** Call before the first route is added. */
export function indexRoutes(app: FastifyInstance): RouteIndex {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => {
    routes.push(route);
  });
  const at = (url: string): readonly RouteOptions[] => {
    const segments = pathOf(url).split('/');
    return routes.filter((route) => fits(route.url.split('/'), segments));
  };
  return {
    routes,
    methodsOf(url) {
      const methods = at(url).flatMap((route) => route.method);
      return methods.length === 0 ? undefined : [...new Set([...methods, 'OPTIONS'])];
    },
    takesHandshakes: (url) => at(url).some(({ config }) => config?.handshake === true),
  };
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  return (
    pattern.length === segments.length &&
    pattern.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
  );
}

/** Ends what no route takes: 405 where another method would do, else 404. No body is read for it. */
export function createRouteCheck(index: RouteIndex): Check {
  return (request, reply) => {
    if (!request.is404) return undefined;
    const methods = index.methodsOf(request.raw.url ?? '/');
    if (methods === undefined) return problem('not-found', 'There is no such address. GET /docs lists all.');
    reply.header('allow', methods.join(', '));
    return problem('method-not-allowed', `Only ${methods.join(', ')} can be used here.`);
  };
}
