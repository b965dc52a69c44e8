/** The names and addresses that a controller's certificate is good for. */
import { isIP } from 'node:net';

export interface ServerAddresses {
  /** What the API and the agents' port are bound to. */
  hosts: readonly string[];
  hostname: string;
  /** Of every interface of the machine: what a port on all of them is reached at. */
  interfaceAddresses: readonly string[];
}

const allAddresses = new Set(['0.0.0.0', '::', '']);
const dnsName = /^(?=.{1,253}$)[a-zA-Z0-9]([a-zA-Z0-9-]{0,62})(\.[a-zA-Z0-9]([a-zA-Z0-9-]{0,62}))*$/;

export function serverNames({ hosts, hostname, interfaceAddresses }: ServerAddresses): string[] {
  const reached = hosts.flatMap((host) => (allAddresses.has(host) ? interfaceAddresses : [host]));
  const names = ['localhost', '127.0.0.1', '::1', hostname, ...reached];
  return [...new Set(names)].filter((name) => isIP(name) !== 0 || dnsName.test(name));
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || (isIP(host) === 4 && host.startsWith('127.')) || (isIP(host) === 6 && /^(0*:)*:?0*1$/.test(host));
