import { createSocket } from 'node:dgram';

/**
 * The address that this host uses towards a controller (`host:port`); 127.0.0.1 where there is no route. Connecting
 * a datagram socket asks the kernel for the route and sends nothing.
 */
export function routeAddress(controller: string): Promise<string> {
  const separator = controller.lastIndexOf(':');
  const host = controller.slice(0, separator).replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    const done = (address: string): void => {
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done('127.0.0.1'));
    socket.connect(Number(controller.slice(separator + 1)), host, () => done(socket.address().address));
  });
}
