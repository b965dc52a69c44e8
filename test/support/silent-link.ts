/**
 * A way to a socket whose other end can vanish as a machine does that loses its power: what is open stays open and passes
 * nothing on any more, and nobody is told.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface SilentLink {
  /** Path of the socket to connect to. */
  socket: string;
  /** Connections of now pass nothing on any more; later ones do. */
  vanish(): void;
  close(): Promise<void>;
}

export async function openSilentLink(socket: string, target: string): Promise<SilentLink> {
  const pairs = new Set<[near: Socket, far: Socket]>();
  const server = createServer((near) => {
    const far = connect(target);
    const pair: [Socket, Socket] = [near, far];
    pairs.add(pair);
    near.pipe(far);
    far.pipe(near);
    for (const end of pair) {
      end.on('error', () => undefined);
      end.on('close', () => pairs.delete(pair) && pair.forEach((each) => each.destroy()));
    }
  });
  server.listen(socket);
  await once(server, 'listening');
  return {
    socket,
    vanish() {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        // Read and thrown away: the writer's side never learns of it.
        near.resume();
        far.resume();
      }
    },
    async close() {
      for (const pair of pairs) for (const end of pair) end.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
