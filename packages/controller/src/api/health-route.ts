/** `GET /-/health`, unsigned: for load balancers and supervisors. 200 while the store answers, 503 otherwise. */
import type { FastifyInstance } from 'fastify';
import { setTimeout as delay } from 'node:timers/promises';
import type { Store } from '../store/store.ts';
import { globalPartition } from '../store/store.ts';

const storeDeadlineMs = 1000;

export function addHealthRoute(server: FastifyInstance, store: Pick<Store, 'feedEnd'>): void {
  server.get('/-/health', async (_request, reply) => {
    const reachable = await isReachable(store);
    return reply
      .code(reachable ? 200 : 503)
      .type('application/json')
      .send(JSON.stringify({ status: reachable ? 'ok' : 'store-unreachable', store: { reachable } }));
  });
}

async function isReachable(store: Pick<Store, 'feedEnd'>): Promise<boolean> {
  const answered = store.feedEnd(globalPartition).then(
    () => true,
    () => false,
  );
  return Promise.race([answered, delay(storeDeadlineMs, false, { ref: false })]);
}
