/**
 * Every lab has a number of its own, which is in the names of its bridge and namespaces and in its subnet. It
 * is held through an abstract unix socket, a lock that the kernel gives back when the holder dies, however it
 * dies. So whatever carries a number that nobody holds is the leftover of a killed run.
 */
import { createServer, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';

export const highestLabId = 250;

export interface LabClaim {
  id: number;
  release(): Promise<void>;
}

/** Undefined when another process, or this one, holds it. */
export function claimLabId(id: number): Promise<LabClaim | undefined> {
  return new Promise((resolve, reject) => {
    const lock = createServer((connection) => connection.destroy());
    lock.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    lock.listen(`\0mini-ecs-lab-${id}`, () => {
      lock.unref();
      resolve({ id, release: () => closed(lock) });
    });
  });
}

/** The lowest number that is free and whose subnet this machine does not use for something else. */
export async function claimAnyLabId(): Promise<LabClaim> {
  for (let id = 1; id <= highestLabId; id++) {
    if (subnetIsTaken(id)) continue;
    const claim = await claimLabId(id);
    if (claim) return claim;
  }
  throw new Error(`All lab numbers from 1 to ${highestLabId} are in use: end a lab (its mini-ecs up or test run) first.`);
}

export const subnetOf = (id: number): string => `10.77.${id}`;

function subnetIsTaken(id: number): boolean {
  const prefix = `${subnetOf(id)}.`;
  return Object.entries(networkInterfaces()).some(
    ([name, addresses]) => name !== `mecs${id}` && addresses?.some(({ address }) => address.startsWith(prefix)),
  );
}

const closed = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
