/** The few calls of Docker's HTTP API that labs and the quickstart need, over the engine's unix socket. */
import { request } from 'node:http';

export async function engineAnswers(socket: string): Promise<boolean> {
  try {
    return (await call(socket, { method: 'GET', path: '/_ping', timeoutMs: 1_000 })).trim() === 'OK';
  } catch {
    return false;
  }
}

/** Makes an image of a root file system, as `docker import --change 'ENV PATH=/bin'` does, under each of the names. */
export async function importImage(socket: string, rootfs: Buffer, names: readonly string[]): Promise<void> {
  const [first, ...others] = names.map(repositoryAndTag);
  if (!first) return;
  const query = new URLSearchParams({ fromSrc: '-', repo: first.repository, tag: first.tag, changes: 'ENV PATH=/bin' });
  await call(socket, { method: 'POST', path: `/images/create?${query.toString()}`, body: rootfs, timeoutMs: 60_000 });
  for (const { repository, tag } of others) {
    const target = new URLSearchParams({ repo: repository, tag });
    await call(socket, {
      method: 'POST',
      path: `/images/${first.repository}:${first.tag}/tag?${target.toString()}`,
      timeoutMs: 10_000,
    });
  }
}

/** Ends and removes all containers that carry a label (`name=value`), with their volumes. */
export async function removeContainers(socket: string, label: string): Promise<void> {
  const filters = JSON.stringify({ label: [label] });
  const path = `/containers/json?${new URLSearchParams({ all: 'true', filters }).toString()}`;
  const found = JSON.parse(await call(socket, { method: 'GET', path, timeoutMs: 10_000 })) as { Id: string }[];
  for (const { Id } of found) {
    await call(socket, { method: 'DELETE', path: `/containers/${Id}?force=true&v=true`, timeoutMs: 30_000 });
  }
}

export async function removeImage(socket: string, name: string): Promise<void> {
  await call(socket, { method: 'DELETE', path: `/images/${name}`, timeoutMs: 30_000 });
}

/** A colon before the last slash belongs to a registry's port. */
function repositoryAndTag(name: string): { repository: string; tag: string } {
  const colon = name.indexOf(':', name.lastIndexOf('/') + 1);
  return colon < 0 ? { repository: name, tag: 'latest' } : { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}

interface Call {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  body?: Buffer;
  timeoutMs: number;
}

function call(socketPath: string, { method, path, body, timeoutMs }: Call): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { host: 'docker', 'content-type': 'application/x-tar', 'content-length': body?.length ?? 0 };
    const sent = request({ socketPath, method, path, headers, timeout: timeoutMs }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        // An import streams its progress, and an error in it comes with status 200.
        const failed = (response.statusCode ?? 500) >= 400 || /"errorDetail"/.test(text);
        if (failed) reject(new Error(`Docker refused ${method} ${path.split('?')[0]}: ${text.trim()}`));
        else resolve(text);
      });
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error(`Docker did not answer ${method} ${path.split('?')[0]} in ${timeoutMs} ms`)));
    sent.on('error', reject);
    sent.end(body);
  });
}
